package imagewire

import (
	"bytes"
	"strings"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// fold lets an answer grow by the events of a stream, each of them checked. The answer is the first candidate.
type fold struct {
	answer *Answer
	text   strings.Builder
	// The bytes of the open file, as they came, and their size. whole: whether its beginning is among them.
	data  [][]byte
	size  int
	whole bool
	// Whether the open part is a thought, as far as known.
	thought bool
}

// add takes the next event. keep: whether the bytes of files are kept. It returns what the event brought, nil for nothing.
func (f *fold) add(e *event, keep bool) Event {
	answer := f.answer
	switch said := e.Event.(type) {
	case *imagewirev1.StreamCompletionResponse_Started:
		answer.begin(said.Started)
		return Started{ID: answer.ID, Model: answer.Model, Expires: answer.Expires}
	case *imagewirev1.StreamCompletionResponse_PartStarted:
		if said.PartStarted.CandidateIndex == 0 {
			f.text.Reset()
			f.data, f.size, f.whole = nil, 0, true
			f.thought = said.PartStarted.Thought
		}
	case *imagewirev1.StreamCompletionResponse_TextDelta:
		if delta := said.TextDelta; delta.CandidateIndex == 0 {
			f.text.WriteString(delta.Text)
			return TextDelta{Part: int(delta.PartIndex), Text: delta.Text, Thought: f.thought}
		}
	case *imagewirev1.StreamCompletionResponse_ImageChunk:
		chunk := said.ImageChunk
		return f.chunk(chunk.CandidateIndex, chunk.PartIndex, chunk.Offset, chunk.Data, keep)
	case *imagewirev1.StreamCompletionResponse_MediaChunk:
		chunk := said.MediaChunk
		return f.chunk(chunk.CandidateIndex, chunk.PartIndex, chunk.Offset, chunk.Data, keep)
	case *imagewirev1.StreamCompletionResponse_PartFinished:
		if said.PartFinished.CandidateIndex == 0 {
			part := f.finish(said.PartFinished)
			answer.Parts = append(answer.Parts, part)
			return PartDone{Index: int(said.PartFinished.PartIndex), Part: part}
		}
		answer.others = answer.others || said.PartFinished.GetImage() != nil
	case *imagewirev1.StreamCompletionResponse_CandidateFinished:
		if said.CandidateFinished.CandidateIndex == 0 {
			answer.end(said.CandidateFinished)
		}
	case *imagewirev1.StreamCompletionResponse_Finished:
		answer.close(said.Finished)
		return Finished{Answer: answer}
	}
	return nil
}

func (f *fold) chunk(candidate, part int32, offset int64, data []byte, keep bool) Event {
	if candidate != 0 {
		return nil
	}
	// Of a file that began before the reader joined, there is no whole to keep.
	if keep && f.whole {
		f.data = append(f.data, data)
		f.size += len(data)
	}
	return Chunk{Part: int(part), Offset: offset, Data: data, Thought: f.thought}
}

func (f *fold) finish(finished *imagewirev1.PartFinished) *Part {
	var whole []byte
	if f.size > 0 {
		whole = bytes.Join(f.data, nil)
	}
	made := partOf(finished, f.text.String(), whole)
	f.data, f.size, f.whole = nil, 0, false
	f.text.Reset()
	return made
}
