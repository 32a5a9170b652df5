package imagewire

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// fake is a server that does what no real one would. Each call of a kind takes the next script of that kind; the last
// script is repeated.
type fake struct {
	imagewirev1.UnimplementedChatServiceServer
	imagewirev1.UnimplementedImageServiceServer
	imagewirev1.UnimplementedModelServiceServer
	stream []func(*imagewirev1.StreamCompletionRequest, func(*event) error) error
	resume []func(*imagewirev1.ResumeCompletionRequest, func(*event) error) error
	create []func(*imagewirev1.CreateCompletionRequest) (*imagewirev1.CreateCompletionResponse, error)
	// What follows the request of a download.
	download func(*imagewirev1.DownloadImageRequest, func(*imagewirev1.DownloadImageResponse) error) error
	mu       sync.Mutex
	asked    []any // the requests, in order
	sent     []metadata.MD
}

func next[T any](f *fake, ctx context.Context, scripts *[]T, request any) T {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, request)
	sent, _ := metadata.FromIncomingContext(ctx)
	f.sent = append(f.sent, sent)
	script := (*scripts)[0]
	if len(*scripts) > 1 {
		*scripts = (*scripts)[1:]
	}
	return script
}

// count is how many requests have come.
func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

func (f *fake) StreamCompletion(r *imagewirev1.StreamCompletionRequest, s grpc.ServerStreamingServer[event]) error {
	return next(f, s.Context(), &f.stream, any(r))(r, s.Send)
}

func (f *fake) ResumeCompletion(r *imagewirev1.ResumeCompletionRequest, s grpc.ServerStreamingServer[imagewirev1.ResumeCompletionResponse]) error {
	return next(f, s.Context(), &f.resume, any(r))(r, func(e *event) error {
		return s.Send(&imagewirev1.ResumeCompletionResponse{Event: e})
	})
}

func (f *fake) CreateCompletion(ctx context.Context, r *imagewirev1.CreateCompletionRequest) (*imagewirev1.CreateCompletionResponse, error) {
	return next(f, ctx, &f.create, any(r))(r)
}

func (f *fake) DownloadImage(r *imagewirev1.DownloadImageRequest, s grpc.ServerStreamingServer[imagewirev1.DownloadImageResponse]) error {
	return f.download(r, s.Send)
}

// serve starts the fake, and returns a client of it.
func serve(t *testing.T, f *fake, options ...ClientOption) *Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	imagewirev1.RegisterChatServiceServer(server, f)
	imagewirev1.RegisterImageServiceServer(server, f)
	imagewirev1.RegisterModelServiceServer(server, f)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	dial := WithDialOptions(
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return listener.Dial() }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	client, err := New("passthrough:///fake", append([]ClientOption{dial}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

var picture = func() []byte {
	made := make([]byte, 100_000)
	for i := range made {
		made[i] = byte(i * i)
	}
	return made
}()

// events are those of an answer with one text and one picture, in two chunks.
func events() []*event {
	sum, size := sha256.Sum256(picture), int64(len(picture))
	half := size / 2
	made := []*event{
		{Event: &imagewirev1.StreamCompletionResponse_Started{Started: &imagewirev1.Started{
			CompletionId: "cmpl-1", Model: "m", CreateTime: timestamppb.Now(), ExpireTime: timestamppb.New(time.Now().Add(time.Hour)),
		}}},
		{Event: &imagewirev1.StreamCompletionResponse_PartStarted{PartStarted: &imagewirev1.PartStarted{Kind: imagewirev1.PartKind_PART_KIND_TEXT}}},
		{Event: &imagewirev1.StreamCompletionResponse_TextDelta{TextDelta: &imagewirev1.TextDelta{Text: "Here "}}},
		{Event: &imagewirev1.StreamCompletionResponse_TextDelta{TextDelta: &imagewirev1.TextDelta{Text: "it is"}}},
		{Event: &imagewirev1.StreamCompletionResponse_PartFinished{PartFinished: &imagewirev1.PartFinished{}}},
		{Event: &imagewirev1.StreamCompletionResponse_PartStarted{PartStarted: &imagewirev1.PartStarted{PartIndex: 1, Kind: imagewirev1.PartKind_PART_KIND_IMAGE}}},
		{Event: &imagewirev1.StreamCompletionResponse_ImageChunk{ImageChunk: &imagewirev1.ImageChunk{PartIndex: 1, Data: picture[:half]}}},
		{Event: &imagewirev1.StreamCompletionResponse_Heartbeat{Heartbeat: &imagewirev1.Heartbeat{}}},
		{Event: &imagewirev1.StreamCompletionResponse_ImageChunk{ImageChunk: &imagewirev1.ImageChunk{PartIndex: 1, Offset: half, Data: picture[half:]}}},
		{Event: &imagewirev1.StreamCompletionResponse_PartFinished{PartFinished: &imagewirev1.PartFinished{
			PartIndex: 1, ThoughtSignature: []byte("proof"),
			Content: &imagewirev1.PartFinished_Image{Image: &imagewirev1.Image{
				MimeType: "image/png", SizeBytes: &size, Sha256: sum[:], Source: &imagewirev1.Image_ImageId{ImageId: "img-1"},
			}},
		}}},
		{Event: &imagewirev1.StreamCompletionResponse_CandidateFinished{CandidateFinished: &imagewirev1.CandidateFinished{
			FinishReason: imagewirev1.FinishReason_FINISH_REASON_STOP, NativeFinishReason: "STOP",
		}}},
		{Event: &imagewirev1.StreamCompletionResponse_Finished{Finished: &imagewirev1.Finished{ModelVersion: "m-1"}}},
	}
	number := int64(0)
	for _, e := range made {
		if !isChunk(e) && e.GetHeartbeat() == nil {
			number++
		}
		e.Sequence = number
	}
	return made
}

type streamScript = func(*imagewirev1.StreamCompletionRequest, func(*event) error) error
type resumeScript = func(*imagewirev1.ResumeCompletionRequest, func(*event) error) error

// sends is a script that sends these events, and then ends with err.
func sends(sent []*event, err error) streamScript {
	return func(_ *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
		for _, e := range sent {
			if err := send(e); err != nil {
				return err
			}
		}
		return err
	}
}

// goesOn is a script that sends what follows what the reader has.
func goesOn(r *imagewirev1.ResumeCompletionRequest, send func(*event) error) error {
	for _, e := range events() {
		chunk := e.GetImageChunk()
		if e.Sequence < r.AfterSequence || e.Sequence == r.AfterSequence && (chunk == nil || chunk.Offset < r.Offset) {
			continue
		}
		if err := send(e); err != nil {
			return err
		}
	}
	return nil
}

// lost is how grpc-go ends a call whose connection is lost.
var lost = status.Error(codes.Unavailable, "transport is closing")

func refused(code codes.Code, reason string, details ...*errdetails.RetryInfo) error {
	made, _ := status.New(code, "no").WithDetails(&errdetails.ErrorInfo{Reason: reason, Domain: "imagewire.dev"})
	for _, each := range details {
		made, _ = made.WithDetails(each)
	}
	return made.Err()
}

func kindIs(t *testing.T, err error, kind error) *Error {
	t.Helper()
	var ours *Error
	if !errors.As(err, &ours) || !errors.Is(err, kind) {
		t.Fatalf("%v is not of %v", err, kind)
	}
	return ours
}

func readAll(s *Stream) ([]byte, error) {
	reader := s.Picture()
	defer reader.Close()
	return io.ReadAll(reader)
}
