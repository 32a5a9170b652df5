// Writes a picture to a file while it arrives.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	imagewire "github.com/imagewire/imagewire/clients/go"
)

func main() {
	client, err := imagewire.New("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	file, err := os.Create("banana.png")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	stream := client.Stream(context.Background(), "A banana")
	// The picture is never in memory as a whole. It is checked at its end: until then, the file is not to be used.
	written, err := stream.WriteTo(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(written, "bytes,", stream.Answer().Image().MimeType)
}
