package imagewire

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// asking is one answer that is asked for: drawn once, and read to its end over any connections.
//
// Each drawing has a request_id, so that its request can be sent again where the connection broke: a server that keeps
// answers joins what it draws already, and one that keeps none refuses the id before it draws. An answer that has begun
// is resumed behind the last byte that came. One of stream, unary and resume is set.
type asking struct {
	call   *call
	client *Client
	stream *imagewirev1.StreamCompletionRequest
	unary  *imagewirev1.CreateCompletionRequest
	resume *imagewirev1.ResumeCompletionRequest
	ownID  bool
	named  namedPictures
	*verifier
	sequence, offset int64 // what had come when the connection broke last
	broken           *Error
	// The attempt that runs.
	recv    func() (*event, error)
	stop    context.CancelFunc
	trailer func() metadata.MD
	pending []*event
}

func newAsking(
	call *call, client *Client, made *request, stream *imagewirev1.StreamCompletionRequest,
	unary *imagewirev1.CreateCompletionRequest, resume *imagewirev1.ResumeCompletionRequest,
) *asking {
	a := &asking{call: call, client: client, stream: stream, unary: unary, resume: resume}
	a.verifier = newVerifier(resume.GetAfterSequence(), resume.GetOffset())
	if resume != nil {
		return a
	}
	a.ownID = made.requestID == ""
	if a.ownID && !client.keepOff.Load() {
		a.setRequestID(call.id)
	} else {
		a.setRequestID(made.requestID)
	}
	if !client.keepOff.Load() {
		a.named = nameLarge(made.spec)
	}
	return a
}

func (a *asking) setRequestID(id string) {
	if a.stream != nil {
		a.stream.RequestId = id
	} else {
		a.unary.RequestId = id
	}
}

func (a *asking) requestID() string { return a.stream.GetRequestId() + a.unary.GetRequestId() }

// next is the next event, each one checked; io.EOF after the last one. Where the connection breaks, it is resumed.
func (a *asking) next() (*event, error) {
	for {
		if len(a.pending) > 0 {
			e := a.pending[0]
			a.pending = a.pending[1:]
			if err := a.check(e); err != nil {
				return nil, err
			}
			return e, nil
		}
		if err := a.receive(); err != nil {
			return nil, err
		}
	}
}

// receive gets the next message into pending, in the attempt that runs or in the next one.
func (a *asking) receive() error {
	err := a.begin()
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	if err == nil {
		var message *event
		if message, err = a.recv(); err == nil {
			more := message.More
			message.More = nil
			a.pending = append([]*event{message}, more...)
			return nil
		}
	}
	if err == io.EOF {
		if err := a.close(); err != nil {
			return err
		}
		return io.EOF
	}
	trailer := metadata.MD(nil)
	if a.trailer != nil {
		trailer = a.trailer()
	}
	a.endAttempt()
	wait, last := a.pause(err, trailer)
	if last != nil {
		return last
	}
	return a.call.wait(wait)
}

// begin starts an attempt if none runs.
func (a *asking) begin() error {
	if a.recv != nil {
		return nil
	}
	if err := a.call.over(); err != nil {
		return err
	}
	if err := a.upload(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(a.call.ctx)
	a.stop = stop
	if a.resume != nil {
		stream, err := a.client.chat.ResumeCompletion(ctx, a.resume)
		if err != nil {
			stop()
			return err
		}
		a.trailer = stream.Trailer
		a.recv = func() (*event, error) {
			message, err := stream.Recv()
			return message.GetEvent(), err
		}
		return nil
	}
	stream, err := a.client.chat.StreamCompletion(ctx, a.stream)
	if err != nil {
		stop()
		return err
	}
	a.recv, a.trailer = stream.Recv, stream.Trailer
	return nil
}

func (a *asking) endAttempt() {
	if a.stop != nil {
		a.stop()
	}
	a.recv, a.stop, a.trailer = nil, nil, nil
}

// leave ends the call, wherever it is.
func (a *asking) leave() {
	a.endAttempt()
	a.call.end()
}

// create asks for the whole answer in one message, and gets the pictures that came by their ids.
func (a *asking) create() (*Answer, error) {
	for {
		if err := a.call.over(); err != nil {
			return nil, err
		}
		if err := a.upload(); err != nil {
			return nil, err
		}
		var trailer metadata.MD
		said, err := a.client.chat.CreateCompletion(a.call.ctx, a.unary, grpc.Trailer(&trailer))
		if err != nil {
			wait, last := a.pause(err, trailer)
			if last != nil {
				return nil, last
			}
			if err := a.call.wait(wait); err != nil {
				return nil, err
			}
			continue
		}
		a.call.doubtful = true // it is drawn, whatever becomes of the rest
		answer, err := answerOf(said, func(id string) ([]byte, error) {
			image, err := a.client.download(a.call.free(), id, 0, nil)
			if err != nil {
				return nil, a.drawn(err)
			}
			return image.Data, nil
		})
		if err != nil {
			return nil, err
		}
		answer.RequestID = a.call.logID
		return answer, nil
	}
}

// drawn is the error of an answer that was drawn, and whose picture could not be fetched.
func (a *asking) drawn(err error) error {
	var failed *Error
	if errors.As(err, &failed) {
		failed.Retryable = false
		failed.Message += "; the picture is drawn" + a.atNoCost()
	}
	return err
}

// upload gets the server the pictures that the next attempt needs.
func (a *asking) upload() error {
	for sum, picture := range a.named {
		if !picture.missing || picture.uploaded {
			continue
		}
		_, err := a.client.upload(a.call.free(), picture.data, picture.mimeType)
		var failed *Error
		switch {
		case err == nil:
			picture.uploaded = true
		case errors.As(err, &failed) && failed.Reason == string(ErrKeepOff):
			a.client.keepOff.Store(true)
			a.withoutStore()
			return nil
		case errors.Is(err, ErrInvalidRequest), errors.Is(err, Kind("UNIMPLEMENTED")), errors.Is(err, ErrStoreUnavailable):
			// It is sent with the request where that may do.
			picture.putBack()
			delete(a.named, sum)
		case a.broken != nil:
			return a.broken
		default:
			return err
		}
	}
	return nil
}
