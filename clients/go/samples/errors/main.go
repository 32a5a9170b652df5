// Tells errors apart.
package main

import (
	"context"
	"errors"
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
	_, err = client.Draw(context.Background(), "A banana", imagewire.Model("gemini-bogus/banana"))
	var failed *imagewire.Error
	switch {
	case errors.Is(err, imagewire.ErrModelNotFound):
		fmt.Println("no such model")
	case errors.Is(err, imagewire.ErrNoPicture):
		fmt.Println("the model did not draw")
	case errors.As(err, &failed) && failed.Retryable:
		fmt.Println("nothing was charged; again after", failed.RetryAfter)
	case err != nil:
		log.Fatal(err)
	}
}
