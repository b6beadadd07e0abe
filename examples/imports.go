// Packages are not supported yet: the compiler says so.
package main

import "fmt"

func main() { fmt.Println("hello") }
