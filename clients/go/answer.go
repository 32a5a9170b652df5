package imagewire

import (
	"bytes"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Part is one part of an answer. At most one of Image, Media, FunctionCall and Native is set; else it is text.
type Part struct {
	Text         string
	Image        *Image
	Media        *Media
	FunctionCall *imagewirev1.FunctionCall
	// Native is a part of a kind that the contract does not define, in the provider's own JSON.
	Native *imagewirev1.NativePart
	// Thought says that the part belongs to the model's thinking: text of thoughts, or a draft picture.
	Thought bool
	// Signature is the model's opaque proof of the part. It must go back with the part; [Chat] sees to that.
	Signature []byte
	// NativeFields are fields that the provider set beside the content, as JSON text by name.
	NativeFields map[string]string
}

// Answer is what a model said and drew: its first candidate, the one with the index 0. This client reads no other.
type Answer struct {
	// ID is the server's id of the answer, and Model the model that was asked.
	ID, Model string
	// ModelVersion is the version that answered, in the provider's words.
	ModelVersion string
	// Parts are all parts, in order.
	Parts []*Part
	// Usage has the tokens and the cost; nil if the provider reported none.
	Usage *imagewirev1.Usage
	// FinishReason is why the answer ended, and NativeFinishReason the provider's own word.
	FinishReason       imagewirev1.FinishReason
	NativeFinishReason string
	// FinishMessage is the provider's explanation.
	FinishMessage string
	// PromptFeedback is set if a filter blocked the prompt.
	PromptFeedback *imagewirev1.PromptFeedback
	// Created is when the server began to answer. Expires is until when it keeps the answer; zero if it does not.
	Created, Expires time.Time
	// Candidate has what belongs to the whole answer: safety ratings, search results, citations.
	Candidate *imagewirev1.CandidateFinished
	// Details has the rest: the provider's id, the model's life cycle, native fields, the token of a continuation.
	Details *imagewirev1.Finished
	// RequestID is the id of the call in the server's log.
	RequestID string

	others bool // whether another candidate has a picture
}

// Text is all text that is no thought.
func (a *Answer) Text() string {
	var said strings.Builder
	for _, part := range a.Parts {
		if !part.Thought {
			said.WriteString(part.Text)
		}
	}
	return said.String()
}

// Image is the final picture: the last one that is no draft, else the last draft; nil if there is none.
func (a *Answer) Image() (final *Image) {
	for _, part := range a.Parts {
		if part.Image != nil && (final == nil || final.Thought || !part.Thought) {
			final = part.Image
		}
	}
	return final
}

// Images are the pictures that are no drafts.
func (a *Answer) Images() (found []*Image) {
	for _, part := range a.Parts {
		if part.Image != nil && !part.Thought {
			found = append(found, part.Image)
		}
	}
	return found
}

// noPicture is the error of an answer that was to have a picture.
func (a *Answer) noPicture() *Error {
	made := &Error{Code: string(ErrNoPicture), Reason: a.NativeFinishReason, RequestID: a.RequestID}
	made.Message = "the model answered without a picture; change the prompt"
	if a.PromptFeedback != nil {
		made.Reason = a.PromptFeedback.BlockReason
	}
	if a.PromptFeedback != nil || a.FinishReason == imagewirev1.FinishReason_FINISH_REASON_CONTENT_FILTER {
		made.Code = string(ErrBlocked)
		made.Message = "a filter stopped the prompt or the picture; change the prompt"
	} else if a.others {
		made.Message = "the picture is not of the first candidate, the only one that this client reads; ask for one candidate"
	}
	if a.FinishMessage != "" {
		made.Message += ": " + a.FinishMessage
	} else if text := a.Text(); text != "" {
		made.Message += "; the model said: " + text
	}
	return made
}

// Message is the answer as it goes back to the model in the next turn, with its signatures. A picture whose bytes were
// not kept goes back by its ID.
func (a *Answer) Message() (*imagewirev1.ChatMessage, error) {
	made := &imagewirev1.ChatMessage{Role: imagewirev1.Role_ROLE_ASSISTANT}
	for _, part := range a.Parts {
		sent := &imagewirev1.Part{Thought: part.Thought, ThoughtSignature: part.Signature, NativeFields: part.NativeFields}
		switch {
		case part.Image != nil:
			image, err := part.Image.proto()
			if err != nil {
				return nil, err
			}
			image.DisplayName = part.Image.DisplayName
			sent.Content = &imagewirev1.Part_Image{Image: image}
		case part.Media != nil:
			media := &imagewirev1.Media{MimeType: part.Media.MimeType, DisplayName: part.Media.DisplayName}
			if media.Source = (&imagewirev1.Media_Data{Data: part.Media.Data}); part.Media.URI != "" {
				media.Source = &imagewirev1.Media_Uri{Uri: part.Media.URI}
			}
			sent.Content = &imagewirev1.Part_Media{Media: media}
		case part.FunctionCall != nil:
			sent.Content = &imagewirev1.Part_FunctionCall{FunctionCall: part.FunctionCall}
		case part.Native != nil:
			sent.Content = &imagewirev1.Part_Native{Native: part.Native}
		default:
			sent.Content = &imagewirev1.Part_Text{Text: part.Text}
		}
		made.Parts = append(made.Parts, sent)
	}
	return made, nil
}

// partOf is a part that has ended. data: the bytes of its file, nil if they came with it.
func partOf(finished *imagewirev1.PartFinished, text string, data []byte) *Part {
	made := &Part{
		Thought: finished.Thought, Signature: finished.ThoughtSignature, NativeFields: finished.NativeFields,
		FunctionCall: finished.GetFunctionCall(), Native: finished.GetNative(),
	}
	switch {
	case finished.GetImage() != nil:
		made.Image = imageOf(finished.GetImage(), data, finished.Thought)
	case finished.GetMedia() != nil:
		made.Media = mediaOf(finished.GetMedia(), data)
	case finished.Content == nil:
		made.Text = text
	}
	return made
}

func (a *Answer) begin(start *imagewirev1.Started) {
	a.ID, a.Model, a.Created = start.CompletionId, start.Model, start.CreateTime.AsTime()
	if start.ExpireTime != nil {
		a.Expires = start.ExpireTime.AsTime()
	}
}

func (a *Answer) end(end *imagewirev1.CandidateFinished) {
	a.Candidate, a.FinishReason = end, end.FinishReason
	a.NativeFinishReason, a.FinishMessage = end.NativeFinishReason, end.FinishMessage
}

func (a *Answer) close(end *imagewirev1.Finished) {
	a.Details, a.Usage, a.PromptFeedback, a.ModelVersion = end, end.Usage, end.PromptFeedback, end.ModelVersion
}

// copied is what two messages have in common by name: an event has the fields of the unary answer that it is about.
func copied[M proto.Message](into M, from proto.Message) M {
	made := into.ProtoReflect()
	from.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if same := made.Descriptor().Fields().ByName(field.Name()); same != nil {
			made.Set(same, value)
		}
		return true
	})
	return into
}

// answerOf is the Answer of a unary answer. fetch gets a picture whose bytes are on the server.
func answerOf(said *imagewirev1.CreateCompletionResponse, fetch func(id string) ([]byte, error)) (*Answer, error) {
	made := &Answer{}
	made.begin(copied(&imagewirev1.Started{}, said))
	made.close(copied(&imagewirev1.Finished{}, said))
	var candidate *imagewirev1.Candidate
	for _, each := range said.Candidates {
		if each.Index == 0 && candidate == nil {
			candidate = each
		} else {
			made.others = made.others || len(imagesOf(each.Message)) > 0
		}
	}
	if candidate == nil {
		return made, nil
	}
	made.end(copied(&imagewirev1.CandidateFinished{}, candidate))
	for _, part := range candidate.Message.GetParts() {
		finished := copied(&imagewirev1.PartFinished{}, part)
		image, final := finished.GetImage(), candidate.Message.GetImage()
		// The part of the final picture refers to it by its SHA-256, and has no bytes.
		if image != nil && image.Source == nil && bytes.Equal(image.Sha256, final.GetSha256()) {
			image = final
			finished.Content = &imagewirev1.PartFinished_Image{Image: final}
		}
		data, err := image.GetData(), error(nil)
		if image.GetImageId() != "" {
			data, err = fetch(image.GetImageId())
		}
		media := finished.GetMedia()
		switch {
		case err != nil:
		case image != nil && image.Source == nil:
			err = corrupt("a picture is missing: the answer has neither its bytes nor a place to fetch them from")
		case image != nil && image.GetUri() == "":
			err = checkBytes("a picture", data, image.GetSizeBytes(), image.Sha256)
		case media != nil && media.GetUri() == "":
			err = checkBytes("a file", media.GetData(), media.GetSizeBytes(), media.Sha256)
		}
		if err != nil {
			return nil, err
		}
		made.Parts = append(made.Parts, partOf(finished, part.GetText(), data))
	}
	return made, nil
}
