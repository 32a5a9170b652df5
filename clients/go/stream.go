package imagewire

import (
	"context"
	"io"
	"iter"
	"os"
	"sync"
	"sync/atomic"
	"time"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Event is what one event of a stream brought: [Started], [TextDelta], [Chunk], [PartDone] or [Finished].
type Event interface{ isEvent() }

// Started says that the model has begun to answer. Expires is until when the server keeps the answer; zero if it does not.
type Started struct {
	ID, Model string
	Expires   time.Time
}

// TextDelta is more text of a part.
type TextDelta struct {
	Part    int
	Text    string
	Thought bool
}

// Chunk is more bytes of a picture's or another file's, which begin at Offset. Whether it is a draft (Thought) may be
// known only when the part is done, and until then its bytes may be damaged.
type Chunk struct {
	Part    int
	Offset  int64
	Data    []byte
	Thought bool
}

// PartDone is a part that is complete and checked.
type PartDone struct {
	Index int
	Part  *Part
}

// Finished is the whole answer. It is the last event.
type Finished struct{ Answer *Answer }

func (Started) isEvent()   {}
func (TextDelta) isEvent() {}
func (Chunk) isEvent()     {}
func (PartDone) isEvent()  {}
func (Finished) isEvent()  {}

// Stream is an answer while it arrives. Read it once, in one of four ways: [Stream.Events], [Stream.Collect],
// [Stream.WriteTo] or [Stream.Picture], by one goroutine; any may close it. Nothing is sent before that.
type Stream struct {
	start  func() *asking
	events *asking // nil before the first event is read
	fold   fold
	chat   *Chat
	said   *imagewirev1.ChatMessage
	keep   bool
	// What ended the stream: io.EOF itself after its last event. Another error may wrap one of the caller's.
	err error
	// What Close shares with the reader. end ends the call, nil before the first event is read.
	mu     sync.Mutex
	closed bool
	end    context.CancelFunc
}

func failed(err error) *Stream { return &Stream{err: err} }

var _ io.WriterTo = (*Stream)(nil)

// Events are the events as they come. After an error, which is an [Error], there are no more. Leaving the loop ends the
// call.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer s.Close()
		for {
			e, err := s.next()
			if err == io.EOF || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Collect reads the stream to its end, and returns the whole answer.
func (s *Stream) Collect() (*Answer, error) {
	for _, err := range s.Events() {
		if err != nil {
			return nil, err
		}
	}
	return s.Answer(), nil
}

// Answer is the answer as far as it has come; nil before the stream is read.
func (s *Stream) Answer() *Answer { return s.fold.answer }

// Position is where [Client.Resume] can go on: the number of the last event, and how many bytes have come of the file
// that it began.
func (s *Stream) Position() (sequence, offset int64) {
	if s.events == nil {
		return 0, 0
	}
	return s.events.position()
}

// WriteTo writes the picture to w while it arrives, and reads the stream to its end. The bytes are checked at the end of
// the picture: if there is an error, do not use what was written. It writes the first picture. If that turns out to be a
// draft of the model's thinking, the error is of [ErrNoPicture] with the reason "DRAFT"; use Events for such answers.
func (s *Stream) WriteTo(w io.Writer) (written int64, err error) {
	picture := s.Picture()
	defer picture.Close()
	for {
		chunk, err := picture.(*pictureReader).chunk()
		if err == io.EOF {
			return written, nil
		} else if err != nil {
			return written, err
		}
		n, err := writeAll(w, chunk)
		if written += int64(n); err != nil {
			return written, err
		}
	}
}

// writeAll writes all of it. A writer that takes less without a word breaks its own contract.
func writeAll(w io.Writer, data []byte) (n int, err error) {
	if n, err = w.Write(data); err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return n, err
}

// Picture reads the picture while it arrives, as WriteTo writes it: io.EOF comes after the last event of the stream, when
// the picture has been checked. Closing it ends the call, and no byte is read after that.
func (s *Stream) Picture() io.ReadCloser {
	// A chat's next turn needs the picture.
	s.keep = s.chat != nil
	return &pictureReader{stream: s, part: -1}
}

type pictureReader struct {
	stream *Stream
	part   int // which part is read, -1 before it began
	rest   []byte
	closed atomic.Bool
}

func (p *pictureReader) Close() error {
	p.closed.Store(true)
	return p.stream.Close()
}

func (p *pictureReader) Read(into []byte) (int, error) {
	if p.closed.Load() {
		return 0, &Error{Code: string(ErrCancelled), Message: "the picture was closed before this read", cause: os.ErrClosed}
	}
	for len(p.rest) == 0 {
		chunk, err := p.chunk()
		if err != nil {
			return 0, err
		}
		p.rest = chunk
	}
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// chunk is the next bytes of the picture; io.EOF at the end of the stream.
func (p *pictureReader) chunk() ([]byte, error) {
	for {
		said, err := p.stream.next()
		if err == io.EOF && p.part < 0 {
			return nil, p.stream.Answer().noPicture()
		} else if err != nil {
			return nil, err
		}
		switch said := said.(type) {
		case Chunk:
			if p.part < 0 && !said.Thought {
				p.part = said.Part
			}
			if p.part == said.Part {
				return said.Data, nil
			}
		case PartDone:
			if said.Index != p.part {
				continue
			}
			if image := said.Part.Image; image == nil || image.Thought {
				p.stream.Close()
				return nil, &Error{
					Code: string(ErrNoPicture), Reason: "DRAFT", RequestID: p.stream.Answer().RequestID,
					Message: "what was written is a draft of the model's thinking, or no picture: read the stream's Events, or" +
						" GetCompletion of the answer " + p.stream.Answer().ID,
				}
			}
		}
	}
}

// Close ends the call, also while another goroutine reads. A stream that is read to its end is closed.
func (s *Stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed = true; s.end != nil {
		s.end()
	}
	return nil
}

// begin starts the call if it is not yet, and fails once the stream is closed.
func (s *Stream) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &Error{Code: string(ErrCancelled), Message: "the stream was closed before its end"}
	}
	if s.events == nil {
		s.events = s.start()
		s.end = s.events.call.end
		s.fold.answer = &Answer{RequestID: s.events.call.logID}
	}
	return nil
}

// next is what the next event brought; io.EOF at the end.
func (s *Stream) next() (Event, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.err = s.begin(); s.err != nil {
		return nil, s.err
	}
	for {
		var said Event
		e, err := s.events.next()
		if err == nil {
			said = s.fold.add(e, s.keep)
		}
		// Whoever leaves at the last event has the whole answer, and so has the chat.
		if _, last := said.(Finished); last && s.chat != nil {
			err = s.chat.append(s.said, s.fold.answer)
		}
		if err != nil {
			s.events.leave()
			s.err = err
			return nil, err
		}
		if said != nil {
			return said, nil
		}
	}
}
