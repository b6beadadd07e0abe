// As tasks.go, but each goroutine demands a kernel thread of its own: what a thread for each task costs.
package main

import (
	"runtime"
	"sync"
)

const tasks = 1000

func main() {
	var waiting, ended sync.WaitGroup
	end := make(chan bool)
	for range tasks {
		waiting.Add(1)
		ended.Add(1)
		go func() {
			runtime.LockOSThread()
			waiting.Done()
			<-end
			ended.Done()
		}()
	}
	waiting.Wait()
	close(end)
	ended.Wait()
}
