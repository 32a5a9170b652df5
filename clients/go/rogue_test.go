package imagewire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	number "math/big"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

func TestACallIsNotRepeatedAgainstTheServersWord(t *testing.T) {
	for _, given := range []struct {
		pushback  string
		retryable bool
		after     time.Duration
	}{
		{"3600000", true, time.Hour}, {"99999999999999999999", false, 0}, {"abc", false, 0}, {"-7", false, 0},
	} {
		before := &errdetails.RetryInfo{RetryDelay: durationpb.New(-5 * time.Second)}
		err := refused(codes.Unavailable, "OVERLOADED", before)
		made, _ := failure(err, metadata.Pairs("grpc-retry-pushback-ms", given.pushback), "t", "id", true)
		if made.Retryable != given.retryable || made.RetryAfter != given.after {
			t.Errorf("%s: %+v", given.pushback, made)
		}
	}
}

func TestWhatWasCutAndThenRefusedMayBeCharged(t *testing.T) {
	overloaded := func(*imagewirev1.ResumeCompletionRequest, func(*event) error) error {
		return refused(codes.Unavailable, "OVERLOADED")
	}
	f := &fake{stream: []streamScript{sends(events()[:7], lost)}, resume: []resumeScript{overloaded}}
	_, err := serve(t, f).Draw(t.Context(), "A banana")
	if ours := kindIs(t, err, ErrOverloaded); ours.Retryable {
		t.Errorf("%+v", ours)
	}
}

func TestAStreamThatDoesNotEndBehindItsLastEventIsWhole(t *testing.T) {
	ended := make(chan struct{})
	defer close(ended)
	hangs := func(r *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
		err := sends(events(), nil)(r, send)
		<-ended
		return err
	}
	image, err := serve(t, &fake{stream: []streamScript{hangs}}, WithTimeout(time.Second)).Draw(t.Context(), "A banana")
	if err != nil || len(image.Data) != len(picture) {
		t.Error(err)
	}
}

// shortWriter takes half of what it is given, and says nothing.
type shortWriter struct{}

func (shortWriter) Write(data []byte) (int, error) { return len(data) / 2, nil }

func TestAShortWriteIsAnError(t *testing.T) {
	f := &fake{stream: []streamScript{sends(events(), nil)}}
	f.download = func(_ *imagewirev1.DownloadImageRequest, send func(*imagewirev1.DownloadImageResponse) error) error {
		size := int64(len(picture))
		head := &imagewirev1.DownloadImageResponse_Image{Image: &imagewirev1.Image{SizeBytes: &size}}
		if err := send(&imagewirev1.DownloadImageResponse{Event: head}); err != nil {
			return err
		}
		chunk := &imagewirev1.DownloadImageResponse_Chunk{Chunk: &imagewirev1.ImageData{Data: picture}}
		return send(&imagewirev1.DownloadImageResponse{Event: chunk})
	}
	client := serve(t, f)
	if _, err := client.Stream(t.Context(), "A banana").WriteTo(shortWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	if _, err := client.DownloadTo(t.Context(), shortWriter{}, "img-1", 0); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

type uploaded struct {
	imagewirev1.UnimplementedImageServiceServer
	answer *imagewirev1.Image
}

func (u *uploaded) UploadImage(s grpc.ClientStreamingServer[imagewirev1.UploadImageRequest, imagewirev1.UploadImageResponse]) error {
	for {
		if _, err := s.Recv(); err == io.EOF {
			return s.SendAndClose(&imagewirev1.UploadImageResponse{Image: u.answer})
		} else if err != nil {
			return err
		}
	}
}

func TestAnUploadThatIsAnsweredWithAnotherPicture(t *testing.T) {
	other := &imagewirev1.Image{Source: &imagewirev1.Image_ImageId{ImageId: "img-1"}, Sha256: make([]byte, 32)}
	for _, answer := range []*imagewirev1.Image{nil, other} {
		socket := filepath.Join(t.TempDir(), "s")
		listener, err := net.Listen("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		imagewirev1.RegisterImageServiceServer(server, &uploaded{answer: answer})
		go server.Serve(listener)
		defer server.Stop()
		client, err := New("unix:" + socket)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		_, err = client.Upload(t.Context(), NewImage(picture))
		kindIs(t, err, ErrCorruptAnswer)
	}
}

// Closing a stream is for any goroutine, as closing a file is.
func TestAStreamIsClosedWhileItIsRead(t *testing.T) {
	ended := make(chan struct{})
	defer close(ended)
	hangs := func(r *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
		err := sends(events()[:7], nil)(r, send)
		<-ended
		return err
	}
	for range 20 {
		client := serve(t, &fake{stream: []streamScript{hangs}})
		stream := client.Stream(t.Context(), "A banana")
		var closing sync.WaitGroup
		for e, err := range stream.Events() {
			if err != nil {
				kindIs(t, err, ErrCancelled)
			} else if _, ok := e.(Chunk); ok {
				closing.Go(func() { stream.Close() })
			}
		}
		closing.Wait()
	}
}

// A server that wants a certificate says so behind the handshake, when the first bytes are on their way.
func TestACertificateThatIsMissing(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{SerialNumber: number.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{made}, PrivateKey: key}},
		ClientAuth:   tls.RequireAnyClientCert, NextProtos: []string{"h2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).HandshakeContext(context.Background())
			conn.Close()
		}
	}()
	insecure := &tls.Config{InsecureSkipVerify: true}
	client, err := New(listener.Addr().String(), WithDialOptions(grpc.WithTransportCredentials(credentials.NewTLS(insecure))), WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 20 {
		_, err = client.Draw(t.Context(), "A banana")
		if ours := kindIs(t, err, ErrUnavailable); !ours.Retryable || !strings.Contains(ours.Message, "certificate") {
			t.Errorf("%+v", ours)
		}
	}
	raw := "write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe"
	if ours, own := failure(status.Error(codes.Unavailable, raw), nil, "t", "id", true); !ours.Retryable || !own.unsent {
		t.Errorf("%+v", ours)
	}
}
