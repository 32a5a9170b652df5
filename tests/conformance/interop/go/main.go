// Command interop runs the cases of gRPC's own interop client against a server, or serves its test service:
//
//	interop client ADDRESS CASE...
//	interop server
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
)

type client = testpb.TestServiceClient

// Each ends the program where it fails.
var cases = map[string]func(context.Context, client){
	"empty_unary":                 func(ctx context.Context, c client) { interop.DoEmptyUnaryCall(ctx, c) },
	"large_unary":                 func(ctx context.Context, c client) { interop.DoLargeUnaryCall(ctx, c) },
	"client_streaming":            func(ctx context.Context, c client) { interop.DoClientStreaming(ctx, c) },
	"server_streaming":            func(ctx context.Context, c client) { interop.DoServerStreaming(ctx, c) },
	"ping_pong":                   func(ctx context.Context, c client) { interop.DoPingPong(ctx, c) },
	"empty_stream":                func(ctx context.Context, c client) { interop.DoEmptyStream(ctx, c) },
	"timeout_on_sleeping_server":  func(ctx context.Context, c client) { interop.DoTimeoutOnSleepingServer(ctx, c) },
	"cancel_after_begin":          func(ctx context.Context, c client) { interop.DoCancelAfterBegin(ctx, c) },
	"cancel_after_first_response": func(ctx context.Context, c client) { interop.DoCancelAfterFirstResponse(ctx, c) },
	"status_code_and_message":     func(ctx context.Context, c client) { interop.DoStatusCodeAndMessage(ctx, c) },
	"special_status_message":      func(ctx context.Context, c client) { interop.DoSpecialStatusMessage(ctx, c) },
	"unimplemented_method":        unimplementedMethod,
}

var connection *grpc.ClientConn

func unimplementedMethod(ctx context.Context, _ client) {
	interop.DoUnimplementedMethod(ctx, connection)
	interop.DoUnimplementedService(ctx, testpb.NewUnimplementedServiceClient(connection))
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: interop client ADDRESS CASE... | interop server")
	}
	if os.Args[1] == "server" {
		serve()
		return
	}
	var err error
	connection, err = grpc.NewClient(os.Args[2], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range os.Args[3:] {
		cases[name](context.Background(), testpb.NewTestServiceClient(connection))
		fmt.Println(name)
	}
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	testpb.RegisterTestServiceServer(server, interop.NewTestServer())
	fmt.Println(listener.Addr())
	log.Fatal(server.Serve(listener))
}
