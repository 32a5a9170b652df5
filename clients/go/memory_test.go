package imagewire

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

const (
	streams, size, frame = 16, 20 << 20, 256 << 10
	// The most that the client's process may have, in kB.
	most = 64 << 10
)

// big is a script of an answer with one large picture.
func big(_ *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
	data := make([]byte, frame)
	hash := sha256.New()
	whole := int64(size)
	small := events()
	if err := send(small[0]); err != nil {
		return err
	}
	start := &event{Sequence: 2, Event: &imagewirev1.StreamCompletionResponse_PartStarted{
		PartStarted: &imagewirev1.PartStarted{Kind: imagewirev1.PartKind_PART_KIND_IMAGE}}}
	if err := send(start); err != nil {
		return err
	}
	for at := 0; at < size; at += frame {
		hash.Write(data)
		chunk := &imagewirev1.ImageChunk{Offset: int64(at), Data: data}
		if err := send(&event{Sequence: 2, Event: &imagewirev1.StreamCompletionResponse_ImageChunk{ImageChunk: chunk}}); err != nil {
			return err
		}
	}
	image := &imagewirev1.Image{MimeType: "image/png", SizeBytes: &whole, Sha256: hash.Sum(nil)}
	for i, e := range []*event{
		{Event: &imagewirev1.StreamCompletionResponse_PartFinished{PartFinished: &imagewirev1.PartFinished{
			Content: &imagewirev1.PartFinished_Image{Image: image}}}},
		{Event: small[10].Event}, {Event: small[11].Event},
	} {
		e.Sequence = int64(3 + i)
		if err := send(e); err != nil {
			return err
		}
	}
	return nil
}

// Sixteen streams of 20 MB at once, in a process of their own. The race detector takes more memory than they do, so the
// test runs only where it is asked for.
func TestMemory(t *testing.T) {
	if socket := os.Getenv("IMAGEWIRE_TEST_SOCKET"); socket != "" {
		readAtOnce(t, socket)
		return
	}
	if os.Getenv("IMAGEWIRE_TEST_MEMORY") == "" {
		t.Skip("IMAGEWIRE_TEST_MEMORY is not set")
	}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	imagewirev1.RegisterChatServiceServer(server, &fake{stream: []streamScript{big}})
	go server.Serve(listener)
	defer server.Stop()
	child := exec.Command(os.Args[0], "-test.run=^TestMemory$", "-test.v")
	child.Env = append(os.Environ(), "IMAGEWIRE_TEST_SOCKET="+socket)
	said, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	t.Logf("%s", said)
}

func readAtOnce(t *testing.T, socket string) {
	client, err := New("unix:" + socket)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var reading sync.WaitGroup
	for range streams {
		reading.Go(func() {
			if n, err := client.Stream(t.Context(), "A banana").WriteTo(io.Discard); err != nil || n != size {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
	}
	reading.Wait()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var peak int
	if _, err := fmt.Sscan(rest, &peak); err != nil {
		t.Fatal(err)
	}
	if t.Logf("%d kB at most", peak); peak > most {
		t.Errorf("%d kB", peak)
	}
}
