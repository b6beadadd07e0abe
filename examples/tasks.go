// A thousand goroutines that all wait at the same time.
package main

import "sync"

const tasks = 1000

func main() {
	var waiting, ended sync.WaitGroup
	end := make(chan bool)
	for range tasks {
		waiting.Add(1)
		ended.Add(1)
		go func() {
			waiting.Done()
			<-end
			ended.Done()
		}()
	}
	waiting.Wait()
	close(end)
	ended.Wait()
}
