package imagewire

import (
	"context"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// ofCandidate is an answer whose picture is of the second candidate, with the first one beside it or without.
func ofCandidate(first bool) (made []*event) {
	for _, e := range events() {
		switch {
		case e.GetPartStarted().GetKind() == imagewirev1.PartKind_PART_KIND_IMAGE:
			e.GetPartStarted().CandidateIndex, e.GetPartStarted().PartIndex = 1, 0
		case e.GetImageChunk() != nil:
			e.GetImageChunk().CandidateIndex, e.GetImageChunk().PartIndex = 1, 0
		case e.GetPartFinished().GetImage() != nil:
			e.GetPartFinished().CandidateIndex, e.GetPartFinished().PartIndex = 1, 0
		case e.GetCandidateFinished() != nil:
			e.GetCandidateFinished().CandidateIndex = 1
		}
		text := e.GetTextDelta() != nil || e.GetPartStarted().GetKind() == imagewirev1.PartKind_PART_KIND_TEXT ||
			e.GetPartFinished() != nil && e.GetPartFinished().GetImage() == nil
		if first || !text {
			made = append(made, e)
		}
		if e.GetCandidateFinished() != nil && first {
			made = append(made, &event{Event: &imagewirev1.StreamCompletionResponse_CandidateFinished{
				CandidateFinished: &imagewirev1.CandidateFinished{FinishReason: imagewirev1.FinishReason_FINISH_REASON_STOP},
			}})
		}
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

func isOfAnother(t *testing.T, err error) {
	t.Helper()
	if ours := kindIs(t, err, ErrNoPicture); !strings.Contains(ours.Message, "first candidate") {
		t.Error(ours)
	}
}

func TestThePictureOfAnotherCandidate(t *testing.T) {
	for _, first := range []bool{true, false} {
		client := serve(t, &fake{stream: []streamScript{sends(ofCandidate(first), nil)}})
		_, err := client.Draw(t.Context(), "A banana")
		isOfAnother(t, err)
		_, err = client.Stream(t.Context(), "A banana").WriteTo(io.Discard)
		isOfAnother(t, err)
		_, err = readAll(client.Stream(t.Context(), "A banana"))
		isOfAnother(t, err)
		answer, err := client.Stream(t.Context(), "A banana").Collect()
		if err != nil || answer.Image() != nil || (answer.Text() != "") != first || (answer.FinishReason != 0) != first {
			t.Errorf("%+v, %v", answer, err)
		}
	}
}

func TestAUnaryAnswersFirstCandidate(t *testing.T) {
	candidate := func(index int32, text string) *imagewirev1.Candidate {
		part := &imagewirev1.Part{Content: &imagewirev1.Part_Text{Text: text}}
		return &imagewirev1.Candidate{Index: index, Message: &imagewirev1.ChatMessage{Parts: []*imagewirev1.Part{part}}}
	}
	for _, given := range []struct {
		candidates []*imagewirev1.Candidate
		want       string
	}{
		{[]*imagewirev1.Candidate{candidate(1, "second"), candidate(0, "first")}, "first"},
		{[]*imagewirev1.Candidate{candidate(1, "second")}, ""},
	} {
		answer, err := answerOf(&imagewirev1.CreateCompletionResponse{Candidates: given.candidates}, nil)
		if err != nil || answer.Text() != given.want {
			t.Errorf("%q, %v", answer.Text(), err)
		}
	}
	drawn := candidate(1, "second")
	drawn.Message.Image = &imagewirev1.Image{}
	answer, err := answerOf(&imagewirev1.CreateCompletionResponse{Candidates: []*imagewirev1.Candidate{drawn}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	isOfAnother(t, answer.noPicture())
}

// A picture that was drawn and cannot be fetched was charged: the call is not to be repeated as a whole.
func TestADrawnAnswerWhosePictureIsNotFetched(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	image := &imagewirev1.Image{Source: &imagewirev1.Image_ImageId{ImageId: "img-1"}}
	part := &imagewirev1.Part{Content: &imagewirev1.Part_Image{Image: image}}
	drawn := &imagewirev1.Candidate{Message: &imagewirev1.ChatMessage{Image: image, Parts: []*imagewirev1.Part{part}}}
	f := &fake{}
	f.create = append(f.create, func(*imagewirev1.CreateCompletionRequest) (*imagewirev1.CreateCompletionResponse, error) {
		return &imagewirev1.CreateCompletionResponse{Candidates: []*imagewirev1.Candidate{drawn}}, nil
	})
	for kind, download := range map[Kind]func() error{
		ErrUnavailable:      func() error { return lost },
		ErrStoreUnavailable: func() error { return refused(codes.Unavailable, "STORE_UNAVAILABLE") },
		ErrImageNotFound:    func() error { return refused(codes.NotFound, "IMAGE_NOT_FOUND") },
	} {
		f.download = func(*imagewirev1.DownloadImageRequest, func(*imagewirev1.DownloadImageResponse) error) error {
			return download()
		}
		_, err := serve(t, f, WithRetries(0)).Create(ctx, "A banana")
		if ours := kindIs(t, err, kind); ours.Retryable || !strings.Contains(ours.Message, "Kept{RequestID: ") {
			t.Errorf("%+v", ours)
		}
	}
	f.download = func(*imagewirev1.DownloadImageRequest, func(*imagewirev1.DownloadImageResponse) error) error {
		cancel()
		return lost
	}
	_, err := serve(t, f).Create(ctx, "A banana")
	if ours := kindIs(t, err, ErrCancelled); ours.Retryable || !strings.Contains(ours.Message, "drawn") {
		t.Errorf("%+v", ours)
	}
}
