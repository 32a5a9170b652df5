// Command bench draws as a program in Go does, by the client or by the stub alone: bench/languages/__init__.py says
// what it gets and prints.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"os"
	"strconv"
	"syscall"
	"time"

	imagewire "github.com/imagewire/imagewire/clients/go"
	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

const prompt = "Draw a banana"

// Each draws a picture with a model: small at once, or large as a stream. It returns the bytes of the picture.
type drawing func(ctx context.Context, model string) (int, error)

func client(target, key string) (small, large drawing) {
	c, err := imagewire.New(target, imagewire.WithAPIKey(key))
	check(err)
	small = func(ctx context.Context, model string) (int, error) {
		picture, err := c.Draw(ctx, prompt, imagewire.Model(model))
		if err != nil {
			return 0, err
		}
		return len(picture.Data), nil
	}
	large = func(ctx context.Context, model string) (int, error) {
		written, err := c.Stream(ctx, prompt, imagewire.Model(model)).WriteTo(io.Discard)
		return int(written), err
	}
	return small, large
}

func stub(target, key string) (small, large drawing) {
	connection, err := grpc.NewClient(
		target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
	)
	check(err)
	chat := imagewirev1.NewChatServiceClient(connection)
	spec := func(model string) *imagewirev1.Spec {
		said := &imagewirev1.ChatMessage{Role: imagewirev1.Role_ROLE_USER, Content: prompt}
		return &imagewirev1.Spec{Model: model, Messages: []*imagewirev1.ChatMessage{said}}
	}
	keyed := func(ctx context.Context) context.Context {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
	}
	small = func(ctx context.Context, model string) (int, error) {
		answer, err := chat.CreateCompletion(keyed(ctx), &imagewirev1.CreateCompletionRequest{Spec: spec(model)})
		if err != nil {
			return 0, err
		}
		return len(answer.Candidates[0].Message.GetImage().GetData()), nil
	}
	large = func(ctx context.Context, model string) (size int, err error) {
		stream, err := chat.StreamCompletion(keyed(ctx), &imagewirev1.StreamCompletionRequest{Spec: spec(model)})
		if err != nil {
			return 0, err
		}
		for {
			event, err := stream.Recv()
			if err == io.EOF {
				return size, nil
			}
			if err != nil {
				return 0, err
			}
			size += len(event.GetImageChunk().GetData())
		}
	}
	return small, large
}

func cpu() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

// measure draws for so many seconds: the CPU seconds and the bytes of all pictures, and how many there were.
func measure(draw drawing, model string, seconds float64) (used float64, size, count int) {
	ctx, begun, before := context.Background(), time.Now(), cpu()
	for count == 0 || time.Since(begun).Seconds() < seconds {
		drawn, err := draw(ctx, model)
		check(err)
		size, count = size+drawn, count+1
	}
	return cpu() - before, size, count
}

func main() {
	log.SetFlags(0)
	small, large := map[string]func(string, string) (drawing, drawing){"client": client, "stub": stub}[os.Args[1]](
		os.Getenv("BENCH_TARGET"), os.Getenv("BENCH_KEY"))
	seconds, err := strconv.ParseFloat(os.Getenv("BENCH_SECONDS"), 64)
	check(err)
	measure(small, os.Getenv("BENCH_SMALL"), seconds)
	used, size, count := measure(small, os.Getenv("BENCH_SMALL"), seconds)
	seen := map[string]float64{"call_ms": 1000 * used / float64(count), "small_bytes": float64(size) / float64(count)}
	measure(large, os.Getenv("BENCH_LARGE"), 0)
	used, size, count = measure(large, os.Getenv("BENCH_LARGE"), seconds)
	seen["mb_per_cpu"], seen["large_bytes"] = float64(size)/1e6/used, float64(size)/float64(count)
	check(json.NewEncoder(os.Stdout).Encode(seen))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
