package imagewire

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// What grpc-go says where a connection is lost behind the request, and where there was none.
func TestWhatWasSentIsToldFromWhatWasNot(t *testing.T) {
	for _, given := range []struct {
		code          codes.Code
		words         string
		unsent, broke bool
	}{
		{codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`, true, false},
		{codes.Unavailable, `last connection error: connection error: desc = "transport: Error while dialing: EOF"`, true, false},
		{codes.Unavailable, `connection error: desc = "error reading server preface: EOF"`, true, false},
		{codes.Unavailable, `name resolver error: produced zero addresses`, true, false},
		{codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: EOF"`, false, false},
		{codes.Unavailable, `error reading from server: EOF`, false, true},
		{codes.Unavailable, `closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway: code: NO_ERROR`, false, true},
		{codes.Internal, "stream terminated by RST_STREAM with error code: INTERNAL_ERROR", false, true},
		{codes.Internal, "unexpected EOF", false, true},
		{codes.Internal, "server closed the stream without sending trailers", false, true},
		{codes.DeadlineExceeded, "context deadline exceeded", false, false},
	} {
		_, own := failure(status.Error(given.code, given.words), nil, "", "", true)
		if own.unsent != given.unsent || own.broke != given.broke {
			t.Errorf("%s: %+v", given.words, own)
		}
	}
}

// A server says that it ends the connection, and then does, in the midst of a drawing that it does not keep.
func TestADrawingIsNotRepeatedWhereTheServerLeft(t *testing.T) {
	f := &fake{stream: []streamScript{
		func(*imagewirev1.StreamCompletionRequest, func(*event) error) error {
			<-t.Context().Done()
			return nil
		},
		sends(events(), nil),
	}}
	leaving := keepalive.ServerParameters{MaxConnectionAge: 100 * time.Millisecond, MaxConnectionAgeGrace: 100 * time.Millisecond}
	client := serveAt(t, f, grpc.KeepaliveParams(leaving))
	client.keepOff.Store(true)
	_, err := client.Draw(t.Context(), "A banana")
	if ours := kindIs(t, err, ErrUnavailable); ours.Retryable || f.count() != 1 {
		t.Errorf("%d requests, %v", f.count(), ours)
	}
}

// serveAt starts the fake at a socket of its own, and returns a client of it.
func serveAt(t *testing.T, f *fake, options ...grpc.ServerOption) *Client {
	t.Helper()
	server := grpc.NewServer(options...)
	imagewirev1.RegisterChatServiceServer(server, f)
	listener, client := socket(t)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return client
}

func socket(t *testing.T) (net.Listener, *Client) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	client, err := New("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return listener, client
}

// A proxy that ends a stream inside a message, or without a status: the server may still draw.
func TestAStreamThatEndsWithoutAStatusIsAskedForAgain(t *testing.T) {
	for name, breakOff := range map[string]func(http.ResponseWriter){
		"reset inside a message": func(w http.ResponseWriter) {
			w.Write([]byte{0, 0, 0, 1, 0, 'b'})
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"ended inside a message": func(w http.ResponseWriter) { w.Write([]byte{0, 0, 0, 1, 0, 'b'}) },
		"ended":                  func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			f := answering()
			server := grpc.NewServer()
			imagewirev1.RegisterChatServiceServer(server, f)
			var asked atomic.Int32
			proxy := &http.Server{Protocols: &http.Protocols{}, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) > 1 {
					server.ServeHTTP(w, r)
					return
				}
				w.Header().Set("content-type", "application/grpc")
				breakOff(w)
			})}
			proxy.Protocols.SetUnencryptedHTTP2(true)
			listener, client := socket(t)
			go proxy.Serve(listener)
			t.Cleanup(func() { proxy.Close() })
			image, err := client.Draw(t.Context(), "A banana")
			if err != nil || !bytes.Equal(image.Data, picture) || asked.Load() != 2 {
				t.Errorf("%d requests, %v", asked.Load(), err)
			}
		})
	}
}

// A server that comes back is found within two seconds, by a client that has waited for it for long.
func TestAServerThatIsBackIsFoundSoon(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	client, err := New("unix:"+socket, WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		if _, err := client.Draw(t.Context(), "A banana"); !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	imagewirev1.RegisterChatServiceServer(server, answering())
	go server.Serve(listener)
	defer server.Stop()
	back := time.Now()
	for {
		if _, err := client.Draw(t.Context(), "A banana"); err == nil {
			break
		}
	}
	took := time.Since(back)
	// What a busy machine takes for a call.
	began := time.Now()
	if _, err := client.Draw(t.Context(), "A banana"); err != nil {
		t.Fatal(err)
	}
	if busy := time.Since(began); took > 2*time.Second+20*busy {
		t.Errorf("after %v", took)
	}
}

func TestACallWaitsForAServerThatIsStarting(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	client, err := New("unix:" + socket)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := grpc.NewServer()
	defer server.Stop()
	imagewirev1.RegisterChatServiceServer(server, answering())
	time.AfterFunc(500*time.Millisecond, func() {
		if listener, err := net.Listen("unix", socket); err == nil {
			server.Serve(listener)
		}
	})
	if _, err := client.Draw(t.Context(), "A banana"); err != nil {
		t.Error(err)
	}
}
