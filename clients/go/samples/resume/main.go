// Leaves a drawing, and reads it later from the server, which drew it to its end.
package main

import (
	"context"
	"fmt"
	"log"

	imagewire "github.com/imagewire/imagewire/clients/go"
	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// A UUID that your program makes, and keeps until it has the picture.
const id = "0b9f4a3e-8d0c-4c55-9a51-6f1f0c1f3a77"

func main() {
	client, err := imagewire.New("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	wish := imagewire.OnDisconnect(imagewirev1.OnDisconnect_ON_DISCONNECT_KEEP)
	for event, err := range client.Stream(ctx, "A banana", imagewire.RequestID(id), wish).Events() {
		if err != nil {
			log.Fatal(err)
		}
		if _, ok := event.(imagewire.Chunk); ok {
			break // as if this program had ended here
		}
	}
	answer, err := client.GetCompletion(ctx, imagewire.Kept{RequestID: id})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(answer.Image().Data) == int(answer.Image().SizeBytes))
}
