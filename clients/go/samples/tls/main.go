// Connects by TLS, trusts an authority of its own, and shows a certificate.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	imagewire "github.com/imagewire/imagewire/clients/go"
)

func main() {
	files := imagewire.TLS{CA: "ca.pem", Cert: "client.pem", Key: "client.key"}
	// Without WithTLS, "https://host" connects by TLS too, and trusts the authorities of the system.
	client, err := imagewire.New(os.Getenv("IMAGEWIRE_TARGET"), imagewire.WithTLS(files))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	pong, err := client.Ping(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(pong.Status)
}
