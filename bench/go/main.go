// Command bound serves ChatService's completions as one would write them by hand for one provider: what imagewire is
// measured against. It checks a key, hashes each picture and logs a line a call, as imagewire does; it routes, retries,
// validates and keeps nothing.
//
//	bound -address 127.0.0.1:PORT -health 127.0.0.1:PORT -upstream URL -key KEY
package main

import (
	"context"
	"crypto/subtle"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const largestMessage = 64 << 20

func main() {
	address := flag.String("address", "127.0.0.1:0", "where gRPC is served")
	health := flag.String("health", "127.0.0.1:0", "where GET /ready is answered")
	upstream := flag.String("upstream", "", "the base URL of Google's API")
	key := flag.String("key", "", "what callers show as a bearer")
	flag.Parse()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))

	guard := guard{bearer: []byte("Bearer " + *key)}
	server := grpc.NewServer(
		grpc.UnaryInterceptor(guard.unary),
		grpc.StreamInterceptor(guard.stream),
		grpc.MaxSendMsgSize(largestMessage),
		grpc.WriteBufferSize(256<<10),
	)
	imagewirev1.RegisterChatServiceServer(server, &chat{google: newGoogle(*upstream)})
	listener, err := net.Listen("tcp", *address)
	check(err)
	go func() { check(server.Serve(listener)) }()
	http.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	check(http.ListenAndServe(*health, nil))
}

// guard checks the key of each call and logs the call at its end.
type guard struct{ bearer []byte }

func (g guard) unary(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler,
) (answer any, err error) {
	defer logged(info.FullMethod, time.Now(), &err)
	if err = g.admit(ctx); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func (g guard) stream(
	server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler,
) (err error) {
	defer logged(info.FullMethod, time.Now(), &err)
	if err = g.admit(stream.Context()); err != nil {
		return err
	}
	return handle(server, stream)
}

func (g guard) admit(ctx context.Context) error {
	shown := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(shown) != 1 || subtle.ConstantTimeCompare([]byte(shown[0]), g.bearer) != 1 {
		return status.Error(codes.Unauthenticated, "authorization must be the server's key")
	}
	return nil
}

func logged(method string, begun time.Time, err *error) {
	slog.Info("call", "method", method, "code", status.Code(*err).String(), "seconds", time.Since(begun).Seconds())
}

func check(err error) {
	if err != nil {
		slog.Error("bound", "error", err.Error())
		os.Exit(1)
	}
}
