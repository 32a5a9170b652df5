package imagewire

import (
	"encoding/hex"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Asked for where a connection did not last for one frame of the usual size.
const smallFrame = 16 << 10

// pause is how long to wait before the next attempt; the error as ours if there is none.
func (a *asking) pause(err error, trailer metadata.MD) (time.Duration, error) {
	failed, own := a.call.failure(err, trailer)
	broke := own != nil && own.broke
	if (broke || own != nil && own.code == codes.DeadlineExceeded) && a.finished {
		return 0, io.EOF
	}
	if a.changed(failed) {
		return 0, nil
	}
	free := broke && a.goOn(failed)
	wait, last := a.call.pause(failed, own, a.begun() && a.resume == nil, free)
	if last == nil || a.call.ctx.Err() != nil {
		return wait, last
	}
	if failed.Code == string(ErrRateLimited) && a.requestID() != "" && (own != nil || failed.Reason == string(ErrAnswerTooLarge)) {
		failed.Message += a.atNoCost()
	}
	// What was sent before the connection broke may have been drawn, whatever became of the attempts since.
	if a.broken != nil && (failed.Reason == "" || withoutStore(failed)) {
		return 0, a.broken
	}
	failed.Retryable = failed.Retryable && (a.broken == nil || !a.call.draws)
	return 0, failed
}

// atNoCost says how to get an answer that was drawn.
func (a *asking) atNoCost() string {
	if a.requestID() == "" {
		return ""
	}
	return "; while the server keeps the answer, GetCompletion(ctx, imagewire.Kept{RequestID: \"" + a.requestID() + "\"}) gets it at no cost"
}

// A server without a store says nothing about what another one may have drawn.
func withoutStore(failed *Error) bool {
	return failed.Reason == string(ErrKeepOff) || failed.Reason == string(ErrStoreUnavailable)
}

// changed changes the request to what the server takes, if it can.
func (a *asking) changed(failed *Error) bool {
	switch {
	case a.resume != nil:
		return false
	case withoutStore(failed):
		if !a.ownID || a.requestID() == "" || a.broken != nil {
			return false
		}
		if failed.Reason == string(ErrKeepOff) {
			a.client.keepOff.Store(true)
		}
		a.withoutStore()
		return true
	case failed.Reason != string(ErrImageNotFound):
		return false
	}
	var missing []*namedPicture
	for sum, picture := range a.named {
		if strings.Contains(failed.Metadata["missing"], hex.EncodeToString(sum[:])) {
			if picture.uploaded {
				return false
			}
			missing = append(missing, picture)
		}
	}
	for _, picture := range missing {
		picture.missing = true
	}
	return len(missing) > 0
}

// withoutStore sends all of it with the request. A request_id of the caller's own stays, for the server to refuse.
func (a *asking) withoutStore() {
	for _, picture := range a.named {
		picture.putBack()
	}
	a.named = nil
	if a.ownID && a.resume == nil {
		a.setRequestID("")
	}
}

// goOn is told that the connection broke. It returns whether the next attempt goes on, with nothing drawn anew.
func (a *asking) goOn(failed *Error) bool {
	if a.broken == nil {
		a.broken = failed
	}
	if a.unary != nil {
		return a.unary.RequestId != ""
	}
	sequence, offset := a.position()
	frame := max(a.stream.GetMaxFrameBytes(), a.resume.GetMaxFrameBytes())
	if sequence > a.sequence || sequence == a.sequence && offset > a.offset {
		a.sequence, a.offset = sequence, offset
		a.call.made = 0 // more of the answer has come: the next attempt is the first again
	} else if a.begun() {
		frame = smallFrame
	}
	if a.resume == nil {
		if !a.begun() {
			return a.stream.RequestId != ""
		}
		if !a.kept {
			return false
		}
	}
	next := &imagewirev1.ResumeCompletionRequest{AfterSequence: sequence, Offset: offset, MaxFrameBytes: frame}
	switch {
	case a.resume != nil:
		next.Id = a.resume.Id
	case a.stream.RequestId != "":
		// By the request_id, where there is one: it knows whether the answer is from the answer cache.
		next.Id = &imagewirev1.ResumeCompletionRequest_RequestId{RequestId: a.stream.RequestId}
	default:
		next.Id = &imagewirev1.ResumeCompletionRequest_CompletionId{CompletionId: a.completionID}
	}
	a.resume, a.stream = next, nil
	return true
}
