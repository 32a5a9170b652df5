// Draws one 4K picture with plain stubs: draw TARGET FILE.
//
// The stubs come from the ordinary command, run in this folder:
//
//	protoc -I PROTOS --go_out=. --go-grpc_out=. PROTOS/imagewire/v1/*.proto
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	imagewirev1 "example.com/draw/github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// draw returns the picture of one call. It holds all of it in memory; a program that does not want to can write each
// chunk to its file as it comes.
func draw(ctx context.Context, chat imagewirev1.ChatServiceClient, model string) ([]byte, error) {
	stream, err := chat.StreamCompletion(ctx, &imagewirev1.StreamCompletionRequest{Spec: &imagewirev1.Spec{
		Model:       model,
		Messages:    []*imagewirev1.ChatMessage{{Role: imagewirev1.Role_ROLE_USER, Content: "A banana"}},
		ImageConfig: &imagewirev1.ImageConfig{ImageSize: "4K"},
	}})
	if err != nil {
		return nil, err
	}
	parts := map[int32][]byte{} // The bytes so far, by part_index: one candidate is asked for.
	var picture []byte
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the stream ended without Finished: the answer is not whole")
		} else if err != nil {
			return nil, err
		}
		switch event := event.Event.(type) {
		case *imagewirev1.StreamCompletionResponse_ImageChunk:
			chunk := event.ImageChunk
			if chunk.Offset != int64(len(parts[chunk.PartIndex])) {
				return nil, errors.New("bytes are missing")
			}
			parts[chunk.PartIndex] = append(parts[chunk.PartIndex], chunk.Data...)
		case *imagewirev1.StreamCompletionResponse_PartFinished:
			// The picture's own account of itself. A thought is a draft, and text has no image.
			image := event.PartFinished.GetImage()
			if image == nil || event.PartFinished.Thought {
				continue
			}
			picture = parts[event.PartFinished.PartIndex]
			hash := sha256.Sum256(picture)
			if int64(len(picture)) != image.GetSizeBytes() || !bytes.Equal(hash[:], image.Sha256) {
				return nil, errors.New("the picture is damaged")
			}
		case *imagewirev1.StreamCompletionResponse_Finished:
			return picture, nil
		}
	}
}

// reason finds the ErrorInfo among an error's details. A reason this program's stubs do not know is UNSPECIFIED.
func reason(err error) imagewirev1.ErrorReason {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.Domain == "imagewire.dev" {
			return imagewirev1.ErrorReason(imagewirev1.ErrorReason_value["ERROR_REASON_"+info.Reason])
		}
	}
	return imagewirev1.ErrorReason_ERROR_REASON_UNSPECIFIED
}

func main() {
	// No retry policy: a call that failed may have been charged, see the trailer grpc-retry-pushback-ms.
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()
	chat := imagewirev1.NewChatServiceClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()

	picture, err := draw(ctx, chat, "gemini/gemini-3-pro-image")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], picture, 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d bytes, sha256 %x\n", len(picture), sha256.Sum256(picture))

	_, err = draw(ctx, chat, "gemini/no-such-model")
	if reason(err) != imagewirev1.ErrorReason_ERROR_REASON_MODEL_NOT_FOUND {
		log.Fatal(err)
	}
	fmt.Println(reason(err))
}
