// Gives a drawing a second.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	imagewire "github.com/imagewire/imagewire/clients/go"
)

func main() {
	client, err := imagewire.New("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// The emulator waits for ten seconds.
	_, err = client.Draw(ctx, "A banana", imagewire.Model("gemini/emulator-latency-10000"))
	if errors.Is(err, context.DeadlineExceeded) {
		fmt.Println("too late")
	} else if err != nil {
		log.Fatal(err)
	}
}
