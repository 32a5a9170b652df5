// Draws a picture and saves it.
package main

import (
	"context"
	"log"
	"os"

	imagewire "github.com/imagewire/imagewire/clients/go"
)

func main() {
	client, err := imagewire.New("") // IMAGEWIRE_TARGET, else 127.0.0.1:50051
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	picture, err := client.Draw(context.Background(), "A banana", imagewire.AspectRatio("16:9"))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("banana.png", picture.Data, 0o644); err != nil {
		log.Fatal(err)
	}
}
