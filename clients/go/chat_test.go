package imagewire

import (
	"bytes"
	"io"
	"testing"

	"google.golang.org/grpc/codes"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

func TestAChatIsSavedAndGoesOn(t *testing.T) {
	f := answering()
	client := serve(t, f)
	chat := client.Chat(Model("gemini/x"), ImageSize("2K"))
	if _, err := chat.Send(t.Context(), "A banana"); err != nil {
		t.Fatal(err)
	}
	saved, err := chat.Save()
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.LoadChat(saved)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Send(t.Context(), "Make it blue"); err != nil {
		t.Fatal(err)
	}
	spec := f.asked[1].(*imagewirev1.StreamCompletionRequest).Spec
	if spec.Model != "gemini/x" || spec.ImageConfig.ImageSize != "2K" || len(spec.Messages) != 3 {
		t.Errorf("%v", spec)
	}
	part := spec.Messages[1].Parts[1]
	if !bytes.Equal(part.GetImage().GetData(), picture) || string(part.ThoughtSignature) != "proof" {
		t.Error("the answer did not go back as it came")
	}
	if len(again.Messages) != 4 || len(chat.Messages) != 2 {
		t.Errorf("%d and %d messages", len(again.Messages), len(chat.Messages))
	}
	if _, err := client.LoadChat([]byte("{")); err == nil {
		t.Error("no saved chat was loaded")
	}
}

func TestAMessageThatFailedIsNotPartOfTheChat(t *testing.T) {
	f := &fake{stream: []streamScript{sends(nil, refused(codes.InvalidArgument, "INVALID_REQUEST")), sends(events(), nil)}}
	chat := serve(t, f).Chat()
	if _, err := chat.Send(t.Context(), "A banana"); err == nil || len(chat.Messages) != 0 {
		t.Errorf("%v, %d messages", err, len(chat.Messages))
	}
	stream := chat.Stream(t.Context(), "A cat")
	if _, err := stream.WriteTo(io.Discard); err != nil || len(chat.Messages) != 2 {
		t.Errorf("%v, %d messages", err, len(chat.Messages))
	}
}

func TestABlockedPromptIsNotPartOfTheChat(t *testing.T) {
	sent := events()
	blocked := &imagewirev1.Finished{PromptFeedback: &imagewirev1.PromptFeedback{BlockReason: "SAFETY"}}
	end := &event{Sequence: 2, Event: &imagewirev1.StreamCompletionResponse_Finished{Finished: blocked}}
	client := serve(t, &fake{stream: []streamScript{sends([]*event{sent[0], end}, nil)}})
	chat := client.Chat()
	answer, err := chat.Send(t.Context(), "A banana")
	if err != nil || answer.PromptFeedback.BlockReason != "SAFETY" || len(chat.Messages) != 0 {
		t.Errorf("%v, %d messages", err, len(chat.Messages))
	}
	_, err = client.Draw(t.Context(), "A banana")
	if ours := kindIs(t, err, ErrBlocked); ours.Reason != "SAFETY" {
		t.Error(ours)
	}
}

// Who leaves the loop at the last event has the whole answer, and so has the chat.
func TestAChatHasTheAnswerAtItsLastEvent(t *testing.T) {
	chat := serve(t, answering()).Chat()
	for e, err := range chat.Stream(t.Context(), "A banana").Events() {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := e.(Finished); ok {
			break
		}
	}
	if len(chat.Messages) != 2 {
		t.Errorf("%d messages", len(chat.Messages))
	}
}
