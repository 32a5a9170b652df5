package imagewire

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

func TestTargets(t *testing.T) {
	t.Setenv("IMAGEWIRE_TARGET", "")
	for given, want := range map[string]string{
		"":                        "127.0.0.1:50051",
		"draw.example:1":          "draw.example:1",
		"[::1]:1":                 "[::1]:1",
		"unix:/run/imagewire":     "unix:/run/imagewire",
		"dns:///draw.example:1":   "dns:///draw.example:1",
		"http://draw.example":     "draw.example:80",
		"https://draw.example/":   "draw.example:443 TLS",
		"https://draw.example:44": "draw.example:44 TLS",
		"https://[::1]":           "[::1]:443 TLS",
	} {
		address, secure, err := parseTarget(given)
		if secure {
			address += " TLS"
		}
		if err != nil || address != want {
			t.Errorf("%q: %q, %v", given, address, err)
		}
	}
	for _, given := range []string{"https://", "https://a/b", "https://user:secret@host", "https://a?b", "two words", "a/b", "ftp://a"} {
		_, _, err := parseTarget(given)
		if ours := kindIs(t, err, ErrInvalidRequest); ours.Violations[0].Field != "target" || bytes.Contains([]byte(ours.Message), []byte("secret")) {
			t.Error(ours)
		}
	}
	t.Setenv("IMAGEWIRE_TARGET", "https://elsewhere")
	if address, secure, _ := parseTarget(""); address != "elsewhere:443" || !secure {
		t.Error(address)
	}
}

func TestOptionsWithoutMeaningAreRefused(t *testing.T) {
	for field, option := range map[string]ClientOption{
		"timeout":         WithTimeout(-1),
		"retries":         WithRetries(-1),
		"maxMessageBytes": WithMaxMessageBytes(1000),
		"apiKey":          WithAPIKey("sk-\n"),
		"tls":             WithTLS(TLS{Cert: "cert.pem"}),
	} {
		_, err := New("127.0.0.1:1", option)
		if ours := kindIs(t, err, ErrInvalidRequest); ours.Violations[0].Field != field {
			t.Error(ours)
		}
	}
	if _, err := New("127.0.0.1:1", WithTLS(TLS{CA: "no such file"})); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	client := serve(t, answering(), WithMaxMessageBytes(leastMessage))
	for _, options := range [][]Option{{RequestID("banana")}, {MaxFrameBytes(leastMessage)}, {Images(&Image{})}, {Images(nil)}} {
		_, err := client.Draw(t.Context(), "A banana", options...)
		kindIs(t, err, ErrInvalidRequest)
	}
	_, err := client.Create(t.Context(), "A banana", MaxInlineBytes(1))
	kindIs(t, err, ErrInvalidRequest)
	_, err = client.GetCompletion(t.Context(), Kept{})
	kindIs(t, err, ErrInvalidRequest)
	_, err = client.Upload(t.Context(), &Image{})
	kindIs(t, err, ErrInvalidRequest)
}

func TestTheKeyAndMetadataAreSent(t *testing.T) {
	f := answering()
	client := serve(t, f, WithAPIKey("sk-1"), WithMetadata("x-request-id", "banana-1", "x-team", "blue"))
	answer, err := client.Stream(metadata.AppendToOutgoingContext(t.Context(), "x-own", "yes"), "A banana").Collect()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"authorization": "Bearer sk-1", "x-request-id": "banana-1", "x-team": "blue", "x-own": "yes"} {
		if got := f.sent[0].Get(name); len(got) != 1 || got[0] != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	if answer.RequestID != "banana-1" {
		t.Error(answer.RequestID)
	}
}

// Only what the server says is uncharged is asked again, and never sooner than it says.
func TestRetries(t *testing.T) {
	soon := &errdetails.RetryInfo{RetryDelay: durationpb.New(700 * time.Millisecond)}
	for name, given := range map[string]struct {
		err     error
		retries int
		asked   int
	}{
		"overloaded":            {refused(codes.ResourceExhausted, "OVERLOADED", soon), 2, 2},
		"unavailable":           {refused(codes.Unavailable, "UPSTREAM_UNAVAILABLE"), 2, 2},
		"without retries":       {refused(codes.Unavailable, "UPSTREAM_UNAVAILABLE"), 0, 1},
		"charged":               {refused(codes.Aborted, "UPSTREAM_CUT"), 2, 1},
		"a wrong request":       {refused(codes.InvalidArgument, "INVALID_REQUEST"), 2, 1},
		"a lasting quota":       {refused(codes.ResourceExhausted, "UPSTREAM_QUOTA_EXHAUSTED"), 2, 1},
		"too large":             {refused(codes.ResourceExhausted, "ANSWER_TOO_LARGE"), 2, 1},
		"a status without word": {status.Error(codes.ResourceExhausted, "by a proxy"), 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{stream: []streamScript{sends(nil, given.err), sends(events(), nil)}}
			began := time.Now()
			_, err := serve(t, f, WithRetries(given.retries)).Draw(t.Context(), "A banana")
			if (err == nil) != (given.asked == 2) || len(f.asked) != given.asked {
				t.Errorf("%d requests, %v", len(f.asked), err)
			}
			if name == "overloaded" && time.Since(began) < soon.RetryDelay.AsDuration() {
				t.Error("it was asked again too soon")
			}
		})
	}
}

func TestPushbackIsHeeded(t *testing.T) {
	trailer := metadata.Pairs("grpc-retry-pushback-ms", "-1")
	made, _ := failure(refused(codes.Unavailable, "UPSTREAM_UNAVAILABLE"), trailer, "", "", true)
	if made.Retryable {
		t.Error("what may be charged is repeated")
	}
	soon := metadata.Pairs("grpc-retry-pushback-ms", "5000")
	for reason, retryable := range map[string]bool{"BUDGET_EXHAUSTED": true, "UPSTREAM_QUOTA_EXHAUSTED": false} {
		if made, _ := failure(refused(codes.ResourceExhausted, reason), soon, "", "", true); made.Retryable != retryable {
			t.Error(made)
		}
		if made, _ := failure(refused(codes.ResourceExhausted, reason), nil, "", "", true); made.Retryable {
			t.Error(made)
		}
	}
	if made, _ := failure(refused(codes.FailedPrecondition, "BUDGET_TOO_SMALL"), nil, "", "", true); made.Retryable {
		t.Error(made)
	}
}

func TestErrors(t *testing.T) {
	made, _ := failure(refused(codes.NotFound, "MODEL_NOT_FOUND"), nil, "", "id", true)
	for _, kind := range []Kind{ErrModelNotFound, ErrNotFound, Kind("MODEL_NOT_FOUND")} {
		if !errors.Is(fmt.Errorf("outside: %w", made), kind) {
			t.Error(kind)
		}
	}
	if errors.Is(made, ErrImageNotFound) || made.ErrorReason() != imagewirev1.ErrorReason_ERROR_REASON_MODEL_NOT_FOUND {
		t.Error(made)
	}
	if made.Error() != "imagewire: NOT_FOUND MODEL_NOT_FOUND: no" || made.RequestID != "id" {
		t.Error(made)
	}
	if !errors.Is(&Error{Code: "BLOCKED"}, ErrNoPicture) || errors.Is(&Error{Code: "NO_PICTURE"}, ErrBlocked) {
		t.Error("a blocked picture is no picture")
	}
}

func TestAUnaryAnswer(t *testing.T) {
	sum, size := sha256.Sum256(picture), int64(len(picture))
	said := func(data []byte) *imagewirev1.CreateCompletionResponse {
		final := &imagewirev1.Image{Sha256: sum[:], SizeBytes: &size, Source: &imagewirev1.Image_Data{Data: data}}
		reference := &imagewirev1.Image{Sha256: sum[:], SizeBytes: &size}
		part := &imagewirev1.Part{Content: &imagewirev1.Part_Image{Image: reference}}
		message := &imagewirev1.ChatMessage{Image: final, Parts: []*imagewirev1.Part{part}}
		return &imagewirev1.CreateCompletionResponse{CompletionId: "c", Candidates: []*imagewirev1.Candidate{{Message: message}}}
	}
	script := func(answer *imagewirev1.CreateCompletionResponse, err error) func(*imagewirev1.CreateCompletionRequest) (*imagewirev1.CreateCompletionResponse, error) {
		return func(*imagewirev1.CreateCompletionRequest) (*imagewirev1.CreateCompletionResponse, error) {
			return answer, err
		}
	}
	f := &fake{}
	f.create = append(f.create, script(nil, lost), script(said(picture), nil))
	answer, err := serve(t, f).Create(t.Context(), "A banana")
	if err != nil || !bytes.Equal(answer.Image().Data, picture) {
		t.Fatal(err)
	}
	first, second := f.asked[0].(*imagewirev1.CreateCompletionRequest), f.asked[1].(*imagewirev1.CreateCompletionRequest)
	if first.RequestId == "" || first.RequestId != second.RequestId {
		t.Error("it was asked again under another id")
	}
	f = &fake{}
	f.create = append(f.create, script(said(picture[1:]), nil))
	_, err = serve(t, f).Create(t.Context(), "A banana")
	kindIs(t, err, ErrCorruptAnswer)
}

func TestALargeInputIsNamed(t *testing.T) {
	large := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, largePicture)...)
	f := answering()
	given := NewImage(large)
	if _, err := serve(t, f).Draw(t.Context(), "Make it blue", Images(given, given)); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(large)
	for _, part := range f.asked[0].(*imagewirev1.StreamCompletionRequest).Spec.Messages[0].Parts[:2] {
		if image := part.GetImage(); image.Source != nil || hex.EncodeToString(image.Sha256) != hex.EncodeToString(sum[:]) {
			t.Error("its bytes were sent")
		}
	}
}

// A stream's time begins when it is read, and one that is not read sends nothing.
func TestAStreamBeginsWhenItIsRead(t *testing.T) {
	f := answering()
	client := serve(t, f, WithTimeout(10*time.Second))
	stream := client.Stream(t.Context(), "A banana")
	if sequence, offset := stream.Position(); sequence != 0 || offset != 0 || stream.Answer() != nil || len(f.asked) != 0 {
		t.Error("it has begun")
	}
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	_, err := stream.Collect()
	kindIs(t, err, ErrCancelled)
}

func TestMediaTypes(t *testing.T) {
	for want, data := range map[string]string{
		"image/png": "\x89PNG\r\n\x1a\n", "image/jpeg": "\xff\xd8\xff", "image/webp": "RIFF0000WEBPVP8",
		"image/heic": "0000ftypheic", "image/heif": "0000ftypmif1", "": "banana",
	} {
		if got := NewImage([]byte(data)).MimeType; got != want {
			t.Errorf("%q: %q", data, got)
		}
	}
}
