// The cost of starting: nothing else.
package main

func main() { println("ready") }
