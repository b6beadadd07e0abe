// A package that is not supported yet is refused by name.
package main

import "fmt"

func main() { fmt.Println("hello") }
