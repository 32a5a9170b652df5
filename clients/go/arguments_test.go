package imagewire

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/structpb"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

const noText = "banana \xff"

// refusedFor checks that nothing was sent, for this field.
func refusedFor(t *testing.T, err error, field string) {
	t.Helper()
	ours := kindIs(t, err, ErrInvalidRequest)
	if len(ours.Violations) != 1 || ours.Violations[0].Field != field || !strings.HasPrefix(ours.Message, field+" ") {
		t.Errorf("%q is not of %s", ours.Message, field)
	}
}

func TestTextMustBeUTF8(t *testing.T) {
	f := answering()
	client := serve(t, f)
	said := func(part *imagewirev1.Part) Option {
		messages := []*imagewirev1.ChatMessage{{Parts: []*imagewirev1.Part{{}, part}}}
		return FromSpec(&imagewirev1.Spec{Messages: messages})
	}
	call := &imagewirev1.FunctionCall{Args: &structpb.Struct{Fields: map[string]*structpb.Value{"a": structpb.NewStringValue(noText)}}}
	fields := map[string]string{"b": noText}
	for field, option := range map[string]Option{
		"spec.model":                     Model(noText),
		"spec.image_config.aspect_ratio": AspectRatio(noText),
		"spec.messages[0].parts[1].text": said(&imagewirev1.Part{Content: &imagewirev1.Part_Text{Text: noText}}),
		"spec.messages[0].parts[1].function_call.args.fields[a].string_value": said(&imagewirev1.Part{
			Content: &imagewirev1.Part_FunctionCall{FunctionCall: call}}),
		"spec.messages[0].parts[1].native_fields[b]": said(&imagewirev1.Part{NativeFields: fields}),
		"spec.messages[0].parts[0].image.mime_type":  Images(&Image{Data: picture, MimeType: noText}),
	} {
		_, err := client.Draw(t.Context(), "A banana", option)
		refusedFor(t, err, field)
		_, err = client.Create(t.Context(), "A banana", option)
		refusedFor(t, err, field)
	}
	chat := client.Chat()
	_, err := chat.Send(t.Context(), noText)
	refusedFor(t, err, "prompt")
	if _, err = client.Draw(t.Context(), noText); len(chat.Messages) != 0 {
		t.Error("it is part of the chat")
	}
	refusedFor(t, err, "prompt")
	_, err = client.GetCompletion(t.Context(), Kept{CompletionID: noText})
	refusedFor(t, err, "completion_id")
	_, err = client.GetModel(t.Context(), noText)
	refusedFor(t, err, "name")
	_, err = client.Download(t.Context(), noText)
	refusedFor(t, err, "image_id")
	refusedFor(t, client.DeleteImage(t.Context(), noText), "image_id")
	_, err = client.Upload(t.Context(), &Image{Data: picture, MimeType: noText})
	refusedFor(t, err, "mime_type")
	if _, err := client.Draw(t.Context(), "Eine 🍌, \u0000"); err != nil || f.count() != 1 {
		t.Errorf("%d requests, %v", f.count(), err)
	}
}

func TestMetadataThatNoHeaderHoldsIsRefused(t *testing.T) {
	f := answering()
	client := serve(t, f)
	for name, value := range map[string]string{"x-a": "1\r\nx-b: 2", "x-c": "ü", "x d": "1", "x-ü": "1", "": "1"} {
		_, err := New("127.0.0.1:1", WithMetadata(name, value))
		refusedFor(t, err, "metadata."+name)
		for call, err := range everyCall(metadata.AppendToOutgoingContext(t.Context(), name, value), client) {
			if kindIs(t, err, ErrInvalidRequest); !strings.HasPrefix(err.(*Error).Message, "metadata."+name+" ") {
				t.Errorf("%s: %v", call, err)
			}
		}
	}
	// An id for the logs comes from the metadata too.
	_, err := client.Draw(metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "\n"), "A banana")
	refusedFor(t, err, "metadata.x-request-id")
	if f.count() != 0 {
		t.Errorf("%d requests", f.count())
	}
	bytes := WithMetadata("x-e-bin", "\x00\xff", "X-F", "1")
	if _, err := serve(t, f, bytes).Draw(t.Context(), "A banana"); err != nil || f.sent[0].Get("x-e-bin")[0] != "\x00\xff" {
		t.Error(err)
	}
}

func TestMetadataInPairs(t *testing.T) {
	for _, options := range [][]ClientOption{
		{WithMetadata("x-a")},
		{WithMetadata("x-a", "1", "x-b")},
		{WithMetadata("x-a"), WithMetadata("x-b")},
	} {
		_, err := New("127.0.0.1:1", options...)
		refusedFor(t, err, "metadata")
	}
}

func TestNilOptionsSayNothing(t *testing.T) {
	client := serve(t, answering(), nil, WithDialOptions(nil), nil)
	if _, err := client.Draw(t.Context(), "A banana", nil, FromSpec(nil), nil); err != nil {
		t.Error(err)
	}
	if _, err := client.Chat(nil).Send(t.Context(), "A banana", nil); err != nil {
		t.Error(err)
	}
}

func TestNumbersOutOfTheirRange(t *testing.T) {
	client := serve(t, answering())
	for _, given := range []int{-1, 1, leastInline - 1, 1 << 40} {
		_, err := client.Create(t.Context(), "A banana", MaxInlineBytes(given))
		if refusedFor(t, err, "max_inline_bytes"); !strings.Contains(err.Error(), "from 65536 to 2147483647") {
			t.Error(err)
		}
	}
	for _, given := range []int{-1, -1 << 32, 1 << 40} {
		_, err := client.Draw(t.Context(), "A banana", MaxFrameBytes(given))
		refusedFor(t, err, "max_frame_bytes")
	}
	late, cancel := context.WithTimeout(t.Context(), time.Duration(math.MaxInt64))
	defer cancel()
	if _, err := client.Draw(late, "A banana"); err != nil {
		t.Error(err)
	}
}
