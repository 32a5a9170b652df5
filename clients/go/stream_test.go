package imagewire

import (
	"bytes"
	"io"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

func answering() *fake { return &fake{stream: []streamScript{sends(events(), nil)}} }

func TestDraw(t *testing.T) {
	f := answering()
	image, err := serve(t, f).Draw(t.Context(), "A banana", AspectRatio("16:9"), Images(NewImage([]byte("\x89PNG\r\n\x1a\n1"))))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(image.Data, picture) || image.ID != "img-1" || image.MimeType != "image/png" {
		t.Errorf("another picture: %v", image)
	}
	asked := f.asked[0].(*imagewirev1.StreamCompletionRequest)
	said := asked.Spec.Messages[0].Parts
	if asked.Spec.ImageConfig.AspectRatio != "16:9" || said[0].GetImage().MimeType != "image/png" || said[1].GetText() != "A banana" {
		t.Errorf("another request: %v", asked)
	}
	if asked.RequestId != f.sent[0].Get("x-request-id")[0] || !uuidForm.MatchString(asked.RequestId) {
		t.Errorf("request_id %q, logged %v", asked.RequestId, f.sent[0].Get("x-request-id"))
	}
}

func TestEvents(t *testing.T) {
	stream := serve(t, answering()).Stream(t.Context(), "A banana")
	var kinds []string
	var text string
	size := 0
	for e, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		switch e := e.(type) {
		case Started:
			kinds = append(kinds, "started "+e.ID)
		case TextDelta:
			text += e.Text
		case Chunk:
			if e.Offset != int64(size) || e.Part != 1 {
				t.Errorf("a chunk at %d of part %d", e.Offset, e.Part)
			}
			size += len(e.Data)
		case PartDone:
			kinds = append(kinds, "part")
		case Finished:
			kinds = append(kinds, "finished "+e.Answer.ModelVersion)
		}
	}
	if text != "Here it is" || size != len(picture) || len(kinds) != 4 || kinds[3] != "finished m-1" {
		t.Errorf("%q, %d bytes, %q", text, size, kinds)
	}
	if answer := stream.Answer(); answer.Text() != text || answer.Image().SHA256 == "" || string(answer.Parts[1].Signature) != "proof" {
		t.Errorf("another answer: %v", answer)
	}
}

// Every event of an answer is changed in ways that no server should send: each is an error, never another picture.
func TestWhatIsCorruptIsAnError(t *testing.T) {
	changes := map[string]func([]*event) []*event{
		"no start":         func(e []*event) []*event { return e[1:] },
		"no finish":        func(e []*event) []*event { return e[:len(e)-1] },
		"nothing":          func([]*event) []*event { return nil },
		"a chunk missing":  func(e []*event) []*event { return append(e[:6:6], e[7:]...) },
		"a chunk twice":    func(e []*event) []*event { return append(e[:7:7], e[6:]...) },
		"an event missing": func(e []*event) []*event { return append(e[:2:2], e[3:]...) },
		"a number wrong":   func(e []*event) []*event { e[4].Sequence++; return e },
		"two starts":       func(e []*event) []*event { return append(e[:1:1], e...) },
		"a byte":           func(e []*event) []*event { e[6].GetImageChunk().Data[9]++; return e },
		"a size":           func(e []*event) []*event { *e[9].GetPartFinished().GetImage().SizeBytes++; return e },
		"an offset":        func(e []*event) []*event { e[8].GetImageChunk().Offset++; return e },
		"a part's index":   func(e []*event) []*event { e[5].GetPartStarted().PartIndex++; return e },
		"another part":     func(e []*event) []*event { e[8].GetImageChunk().PartIndex++; return e },
		"no content":       func(e []*event) []*event { e[9].GetPartFinished().Content = nil; return e },
		"text for bytes":   func(e []*event) []*event { e[5].GetPartStarted().Kind = imagewirev1.PartKind_PART_KIND_TEXT; return e },
		"an open part":     func(e []*event) []*event { e[10].Sequence--; return append(e[:9:9], e[10]) },
		"more behind it":   func(e []*event) []*event { return append(e, e[11]) },
		"an address": func(e []*event) []*event {
			e[9].GetPartFinished().GetImage().Source = &imagewirev1.Image_Uri{Uri: "gs://x"}
			return e
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			var sent []*event
			for _, e := range events() {
				sent = append(sent, proto.CloneOf(e))
			}
			client := serve(t, &fake{stream: []streamScript{sends(change(sent), nil)}})
			_, err := client.Draw(t.Context(), "A banana")
			kindIs(t, err, ErrCorruptAnswer)
		})
	}
}

func TestEventsOfANewerServerAreAccepted(t *testing.T) {
	sent := events()
	unknown := &event{Sequence: 2}
	rest := append([]*event{unknown}, sent[1:]...)
	for _, e := range rest[1:] {
		e.Sequence++
	}
	client := serve(t, &fake{stream: []streamScript{sends(append(sent[:1:1], rest...), nil)}})
	if _, err := client.Draw(t.Context(), "A banana"); err != nil {
		t.Error(err)
	}
}

func TestBatchedEvents(t *testing.T) {
	sent := events()
	sent[0].More = sent[1:]
	client := serve(t, &fake{stream: []streamScript{sends(sent[:1], nil)}})
	if image, err := client.Draw(t.Context(), "A banana"); err != nil || !bytes.Equal(image.Data, picture) {
		t.Error(err)
	}
}

// A connection that is lost behind any event: the client goes on there, and nothing is drawn again.
func TestACutStreamIsResumed(t *testing.T) {
	for cut := range len(events()) {
		f := &fake{stream: []streamScript{sends(events()[:cut], lost), goesOnWithTheRequest}, resume: []resumeScript{goesOn}}
		client := serve(t, f)
		read, err := readAll(client.Stream(t.Context(), "A banana"))
		if err != nil || !bytes.Equal(read, picture) {
			t.Fatalf("behind %d events: %v", cut, err)
		}
		first := f.asked[0].(*imagewirev1.StreamCompletionRequest)
		if cut == 0 {
			if again := f.asked[1].(*imagewirev1.StreamCompletionRequest); again.RequestId != first.RequestId {
				t.Error("the request was sent again under another id")
			}
			continue
		}
		again := f.asked[1].(*imagewirev1.ResumeCompletionRequest)
		if again.GetRequestId() != first.RequestId || again.AfterSequence != events()[cut-1].Sequence {
			t.Errorf("behind %d events: %v", cut, again)
		}
	}
}

func goesOnWithTheRequest(_ *imagewirev1.StreamCompletionRequest, send func(*event) error) error {
	return goesOn(&imagewirev1.ResumeCompletionRequest{}, send)
}

func TestWhatIsNotKeptIsNotAskedAgain(t *testing.T) {
	sent := events()
	sent[0].GetStarted().ExpireTime = nil
	f := &fake{stream: []streamScript{sends(sent[:7], lost)}}
	_, err := serve(t, f).Draw(t.Context(), "A banana")
	if ours := kindIs(t, err, ErrUnavailable); ours.Retryable || len(f.asked) != 1 {
		t.Errorf("%d requests, %v", len(f.asked), ours)
	}
}

func TestAServerWithoutAStoreIsAskedWithoutAnID(t *testing.T) {
	f := &fake{stream: []streamScript{sends(nil, refused(codes.FailedPrecondition, "KEEP_OFF")), sends(events(), nil)}}
	client := serve(t, f)
	for range 2 {
		if _, err := client.Draw(t.Context(), "A banana"); err != nil {
			t.Fatal(err)
		}
	}
	for _, asked := range f.asked[1:] {
		if asked.(*imagewirev1.StreamCompletionRequest).RequestId != "" {
			t.Error("the id was sent again")
		}
	}
	if len(f.asked) != 3 {
		t.Errorf("%d requests", len(f.asked))
	}
}

func TestABrokenConnectionIsNotForgottenWhereNothingIsKept(t *testing.T) {
	f := &fake{stream: []streamScript{sends(nil, lost), sends(nil, refused(codes.FailedPrecondition, "KEEP_OFF"))}}
	_, err := serve(t, f).Draw(t.Context(), "A banana")
	if ours := kindIs(t, err, ErrUnavailable); ours.Retryable || len(f.asked) != 2 {
		t.Errorf("%d requests, %v", len(f.asked), ours)
	}
}

func TestWriteTo(t *testing.T) {
	var written bytes.Buffer
	stream := serve(t, answering()).Stream(t.Context(), "A banana")
	n, err := stream.WriteTo(&written)
	if err != nil || n != int64(len(picture)) || !bytes.Equal(written.Bytes(), picture) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if answer := stream.Answer(); answer.Image().Data != nil || answer.ModelVersion != "m-1" {
		t.Error("the bytes were kept, or the answer is not whole")
	}
	if _, err := stream.Collect(); err != nil {
		t.Error(err)
	}
}

func TestADraftIsNotThePicture(t *testing.T) {
	sent := events()
	sent[9].GetPartFinished().Thought = true
	_, err := serve(t, &fake{stream: []streamScript{sends(sent, nil)}}).Stream(t.Context(), "A banana").WriteTo(io.Discard)
	if ours := kindIs(t, err, ErrNoPicture); ours.Reason != "DRAFT" {
		t.Error(ours)
	}
}

// The last event's stream may end in an error: the answer is whole.
func TestALostConnectionBehindTheEndIsNoError(t *testing.T) {
	client := serve(t, &fake{stream: []streamScript{sends(events(), lost)}})
	if _, err := client.Draw(t.Context(), "A banana"); err != nil {
		t.Error(err)
	}
}

func TestJoiningInTheMiddle(t *testing.T) {
	f := &fake{resume: []resumeScript{goesOn}}
	var got []byte
	half := int64(len(picture) / 2)
	stream := serve(t, f).Resume(t.Context(), Kept{CompletionID: "cmpl-1", AfterSequence: 6, Offset: half})
	for e, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if chunk, ok := e.(Chunk); ok {
			got = append(got, chunk.Data...)
		}
	}
	if !bytes.Equal(got, picture[half:]) {
		t.Errorf("%d bytes", len(got))
	}
	if sequence, _ := stream.Position(); sequence != events()[11].Sequence {
		t.Errorf("at %d", sequence)
	}
	// Half a picture is none.
	if image := stream.Answer().Image(); image.Data != nil || image.ID != "img-1" || image.SizeBytes != int64(len(picture)) {
		t.Errorf("%d bytes of %d", len(image.Data), image.SizeBytes)
	}
}

// A plain UNAVAILABLE may be of a proxy, behind which the server draws: the same request joins it.
func TestAPlainUnavailableIsSentAgainUnderTheSameID(t *testing.T) {
	for _, given := range []struct {
		keepOff        bool
		retries, asked int
	}{{false, 2, 4}, {false, 0, 1}, {true, 2, 1}} {
		plain := sends(nil, status.Error(codes.Unavailable, "plain"))
		f := &fake{stream: []streamScript{plain, plain, plain, sends(events(), nil)}}
		client := serve(t, f, WithRetries(given.retries))
		client.keepOff.Store(given.keepOff)
		_, err := client.Draw(t.Context(), "A banana")
		if f.count() != given.asked || (err == nil) != (given.asked == 4) {
			t.Errorf("%+v: %d requests, %v", given, f.count(), err)
		}
		ids := map[string]bool{}
		for _, asked := range f.asked {
			ids[asked.(*imagewirev1.StreamCompletionRequest).RequestId] = true
		}
		if len(ids) != 1 {
			t.Errorf("%d ids", len(ids))
		}
	}
}
