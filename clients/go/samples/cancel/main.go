// Leaves a drawing as soon as its first bytes have come.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	imagewire "github.com/imagewire/imagewire/clients/go"
	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

func main() {
	client, err := imagewire.New("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// A server that keeps answers draws to the end all the same, unless it is told not to.
	wish := imagewire.OnDisconnect(imagewirev1.OnDisconnect_ON_DISCONNECT_CANCEL)
	for event, err := range client.Stream(ctx, "A banana", wish).Events() {
		if errors.Is(err, context.Canceled) {
			fmt.Println("cancelled")
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if _, ok := event.(imagewire.Chunk); ok {
			cancel()
		}
	}
}
