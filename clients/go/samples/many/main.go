// Draws several pictures at once, over one connection.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"sync"

	imagewire "github.com/imagewire/imagewire/clients/go"
)

func main() {
	client, err := imagewire.New("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	var drawing sync.WaitGroup
	for _, what := range []string{"banana", "cherry", "lemon", "plum"} {
		drawing.Go(func() {
			picture, err := client.Draw(context.Background(), "A "+what)
			if err == nil {
				err = os.WriteFile(what+".png", picture.Data, 0o644)
			}
			if err != nil {
				log.Printf("%s: %v", what, err)
				return
			}
			fmt.Println(what)
		})
	}
	drawing.Wait()
}
