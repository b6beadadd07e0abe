// N selects over four channels, whose senders wait in turn.
package main

const N = 1

func main() {
	var cs [4]chan int
	for i := range cs {
		cs[i] = make(chan int)
		go func() {
			for {
				cs[i] <- i
			}
		}()
	}
	sum := 0
	for i := 0; i < N; i++ {
		select {
		case v := <-cs[0]:
			sum += v
		case v := <-cs[1]:
			sum += v
		case v := <-cs[2]:
			sum += v
		case v := <-cs[3]:
			sum += v
		}
	}
	println(sum >= 0)
}
