package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"hash"
	"io"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	readBytes    = 64 << 10
	defaultFrame = 256 << 10
)

var before, padding = []byte(`"data": "`), []byte(`\u003d`)

// reader takes server-sent events apart as they come. A picture's base64 is decoded at once; what is around it is kept
// until its event is whole, and parsed then.
type reader struct {
	body    io.Reader
	raw     []byte
	held    []byte // read and not yet taken
	event   []byte // the event's text without its picture
	inside  bool   // a picture's base64 is being read
	part    int32
	started bool // of the picture
	size    int
	hash    hash.Hash
	last    *answered
}

func newReader(body io.Reader) *reader {
	return &reader{body: body, raw: make([]byte, readBytes), hash: sha256.New()}
}

// read takes one piece from the network and adds its events. It returns false after the answer's end.
func (r *reader) read(out *writer) (bool, error) {
	count, err := r.body.Read(r.raw)
	r.held = append(r.held, r.raw[:count]...)
	if taken := r.take(out); taken != nil {
		return false, taken
	}
	if err == io.EOF {
		if r.last == nil || r.inside {
			return false, status.Error(codes.DataLoss, "the upstream's answer was cut")
		}
		out.add(&imagewirev1.StreamCompletionResponse{Event: &imagewirev1.StreamCompletionResponse_Finished{
			Finished: &imagewirev1.Finished{
				Usage: r.last.usage(), ModelVersion: r.last.ModelVersion, NativeResponseId: r.last.ResponseID,
			},
		}})
		return false, nil
	}
	if err != nil {
		return false, status.Error(codes.Unavailable, "the upstream's answer broke off")
	}
	return true, nil
}

func (r *reader) take(out *writer) error {
	for {
		if r.inside {
			end := bytes.IndexByte(r.held, '"')
			text := r.held
			if end >= 0 {
				text = r.held[:end]
			}
			if cut := bytes.Index(text, padding); cut >= 0 && end >= 0 {
				text = append(bytes.TrimRight(text[:cut], "="), bytes.Repeat([]byte{'='}, bytes.Count(text, padding))...)
			} else if end < 0 {
				// What may be the beginning of the padding waits for its end.
				text = text[:max(0, len(text)-2*len(padding))/4*4]
			}
			if err := r.picture(text, out); err != nil {
				return err
			}
			if end < 0 {
				r.held = append(r.held[:0], r.held[len(text):]...)
				return nil
			}
			r.held, r.inside = r.held[end:], false
		}
		end, found := bytes.Index(r.held, []byte("\r\n\r\n")), bytes.Index(r.held, before)
		if found >= 0 && (end < 0 || found < end) {
			r.event = append(r.event, r.held[:found+len(before)]...)
			r.held, r.inside = r.held[found+len(before):], true
			continue
		}
		if end < 0 {
			return nil
		}
		r.event = append(r.event, r.held[:end]...)
		r.held = r.held[end+4:]
		if err := r.parse(out); err != nil {
			return err
		}
		r.event = r.event[:0]
	}
}

func (r *reader) picture(text []byte, out *writer) error {
	if !r.started {
		r.started = true
		out.add(partStarted(r.part, imagewirev1.PartKind_PART_KIND_IMAGE))
	}
	if len(text) == 0 {
		return nil
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	count, err := base64.StdEncoding.Decode(data, text)
	if err != nil {
		return status.Error(codes.DataLoss, "the picture is no base64")
	}
	data = data[:count]
	r.hash.Write(data)
	out.picture(r.part, int64(r.size), data)
	r.size += count
	return nil
}

func (r *reader) parse(out *writer) error {
	said := new(answered)
	text, isData := bytes.CutPrefix(r.event, []byte("data: "))
	if !isData || json.Unmarshal(text, said) != nil {
		return status.Error(codes.Internal, "the upstream's event is no JSON")
	}
	r.last = said
	for _, candidate := range said.Candidates {
		for _, given := range candidate.Content.Parts {
			finished := &imagewirev1.PartFinished{PartIndex: r.part}
			switch {
			case given.InlineData != nil:
				picture := image(given.InlineData.MimeType, r.size, r.hash.Sum(nil))
				finished.Content = &imagewirev1.PartFinished_Image{Image: picture}
				r.started, r.size = false, 0
				r.hash.Reset()
			case given.Text != "":
				out.add(partStarted(r.part, imagewirev1.PartKind_PART_KIND_TEXT))
				out.add(&imagewirev1.StreamCompletionResponse{Event: &imagewirev1.StreamCompletionResponse_TextDelta{
					TextDelta: &imagewirev1.TextDelta{PartIndex: r.part, Text: given.Text},
				}})
			default:
				continue
			}
			out.add(&imagewirev1.StreamCompletionResponse{
				Event: &imagewirev1.StreamCompletionResponse_PartFinished{PartFinished: finished},
			})
			r.part++
		}
		if candidate.FinishReason != "" {
			out.add(&imagewirev1.StreamCompletionResponse{Event: &imagewirev1.StreamCompletionResponse_CandidateFinished{
				CandidateFinished: &imagewirev1.CandidateFinished{
					CandidateIndex:     candidate.Index,
					FinishReason:       reason(candidate.FinishReason),
					NativeFinishReason: candidate.FinishReason,
				},
			}})
		}
	}
	return nil
}

func partStarted(index int32, kind imagewirev1.PartKind) *imagewirev1.StreamCompletionResponse {
	return &imagewirev1.StreamCompletionResponse{Event: &imagewirev1.StreamCompletionResponse_PartStarted{
		PartStarted: &imagewirev1.PartStarted{PartIndex: index, Kind: kind},
	}}
}

// writer numbers events and sends those that came together as one message, where the caller takes that.
type writer struct {
	stream  grpc.ServerStreamingServer[imagewirev1.StreamCompletionResponse]
	batch   bool
	frame   int
	count   int64
	waiting []*imagewirev1.StreamCompletionResponse
}

func (w *writer) add(event *imagewirev1.StreamCompletionResponse) {
	w.count++
	event.Sequence = w.count
	w.waiting = append(w.waiting, event)
}

func (w *writer) picture(index int32, offset int64, data []byte) {
	frame := w.frame
	if frame <= 0 {
		frame = defaultFrame
	}
	for at := 0; at < len(data); at += frame {
		w.add(&imagewirev1.StreamCompletionResponse{Event: &imagewirev1.StreamCompletionResponse_ImageChunk{
			ImageChunk: &imagewirev1.ImageChunk{
				PartIndex: index, Offset: offset + int64(at), Data: data[at:min(at+frame, len(data))],
			},
		}})
	}
}

func (w *writer) flush() error {
	if len(w.waiting) == 0 {
		return nil
	}
	sent := w.waiting
	w.waiting = nil
	if w.batch {
		sent[0].More = sent[1:]
		return w.stream.Send(sent[0])
	}
	for _, event := range sent {
		if err := w.stream.Send(event); err != nil {
			return err
		}
	}
	return nil
}
