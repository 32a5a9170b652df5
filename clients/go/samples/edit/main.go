// Draws a picture in a chat, and changes it twice.
package main

import (
	"context"
	"fmt"
	"log"

	imagewire "github.com/imagewire/imagewire/clients/go"
)

func main() {
	client, err := imagewire.New("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	chat := client.Chat(imagewire.Model("gemini/gemini-3-pro-image"))
	for _, prompt := range []string{"A red bicycle", "Make it blue", "Add a basket"} {
		// The answer joins the chat, with the signatures that the model wants back.
		for event, err := range chat.Stream(ctx, prompt).Events() {
			if err != nil {
				log.Fatal(err)
			}
			switch event := event.(type) {
			case imagewire.TextDelta:
				fmt.Print(event.Text)
			case imagewire.PartDone:
				if image := event.Part.Image; image != nil {
					fmt.Printf("\n%s: %d x %d\n", prompt, image.Width, image.Height)
				}
			}
		}
	}
}
