package imagewire

import (
	"bytes"
	"crypto/sha256"
	"hash"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

type event = imagewirev1.StreamCompletionResponse

// openPart is a part that has begun: its kind and index, and size and hash of the bytes so far.
type openPart struct {
	kind  imagewirev1.PartKind
	index int32
	size  int64
	hash  hash.Hash
}

// verifier checks a stream's events one by one, and keeps none of their bytes. Events and kinds of parts that a newer
// server adds are accepted; all others must be as the contract says.
type verifier struct {
	sequence int64
	open     map[int32]*openPart // of each candidate that has begun, nil between two parts
	count    map[int32]int32     // how many parts of each candidate are whole
	ended    map[int32]bool
	last     *openPart // the part that the last event began
	finished bool
	// completionID and kept are those of Started. joined: the stream began behind its first events.
	completionID string
	kept, joined bool
}

// newVerifier makes a verifier of a stream that begins behind event `after`, 0 for all of it. offset: how many bytes
// came before of the file that event began.
func newVerifier(after, offset int64) *verifier {
	made := &verifier{sequence: after, open: map[int32]*openPart{}, count: map[int32]int32{}, ended: map[int32]bool{}}
	made.joined = after > 0
	if offset > 0 {
		made.last = &openPart{size: offset}
	}
	return made
}

// begun says whether anything but heartbeats has come.
func (v *verifier) begun() bool { return v.sequence > 0 }

// position is the number of the last event, and how many bytes have come of the file that it began.
func (v *verifier) position() (sequence, offset int64) {
	if v.last != nil {
		offset = v.last.size
	}
	return v.sequence, offset
}

func isChunk(e *event) bool { return e.GetImageChunk() != nil || e.GetMediaChunk() != nil }

// check checks the next event.
func (v *verifier) check(e *event) error {
	if e.GetHeartbeat() != nil {
		return nil
	}
	if v.finished {
		return corrupt("the stream went on after its last event")
	}
	due := v.sequence
	if !isChunk(e) {
		due++
	}
	if e.Sequence != due {
		return corrupt("event %d is missing: number %d came in its place", due, e.Sequence)
	}
	if (e.GetStarted() != nil) != (v.sequence == 0) {
		return corrupt("event %d is out of order: a stream has one start, and it comes first", e.Sequence)
	}
	if !isChunk(e) {
		v.last = nil
	}
	v.sequence = e.Sequence
	switch said := e.Event.(type) {
	case *imagewirev1.StreamCompletionResponse_Started:
		v.completionID, v.kept = said.Started.CompletionId, said.Started.ExpireTime != nil
	case *imagewirev1.StreamCompletionResponse_PartStarted:
		return v.start(said.PartStarted)
	case *imagewirev1.StreamCompletionResponse_TextDelta:
		part, err := v.within(said.TextDelta.CandidateIndex, said.TextDelta.PartIndex)
		if err == nil && part != nil && part.kind != imagewirev1.PartKind_PART_KIND_TEXT {
			err = corrupt("text came for part %d, which is none", part.index)
		}
		return err
	case *imagewirev1.StreamCompletionResponse_ImageChunk:
		return v.chunk(said.ImageChunk.CandidateIndex, said.ImageChunk.PartIndex, said.ImageChunk.Offset, said.ImageChunk.Data)
	case *imagewirev1.StreamCompletionResponse_MediaChunk:
		return v.chunk(said.MediaChunk.CandidateIndex, said.MediaChunk.PartIndex, said.MediaChunk.Offset, said.MediaChunk.Data)
	case *imagewirev1.StreamCompletionResponse_PartFinished:
		return v.finish(said.PartFinished)
	case *imagewirev1.StreamCompletionResponse_CandidateFinished:
		candidate := said.CandidateFinished.CandidateIndex
		if v.ended[candidate] || v.open[candidate] != nil {
			return corrupt("candidate %d ended out of order", candidate)
		}
		v.open[candidate], v.ended[candidate] = nil, true
	case *imagewirev1.StreamCompletionResponse_Finished:
		for candidate := range v.open {
			if !v.ended[candidate] {
				return corrupt("the stream ended inside candidate %d", candidate)
			}
		}
		v.finished = true
	}
	return nil
}

// close checks that the stream may end here.
func (v *verifier) close() error {
	if !v.finished {
		return corrupt("the stream ended before its last event: the answer is not whole")
	}
	return nil
}

// unseen says whether this part began before the reader joined, so that nothing is known of it.
func (v *verifier) unseen(candidate int32) bool {
	_, seen := v.open[candidate]
	return v.joined && !seen
}

func (v *verifier) start(started *imagewirev1.PartStarted) error {
	candidate := started.CandidateIndex
	inOrder := started.PartIndex == v.count[candidate] || v.unseen(candidate)
	if v.ended[candidate] || v.open[candidate] != nil || !inOrder {
		return corrupt("part %d of candidate %d began out of order", started.PartIndex, candidate)
	}
	v.last = &openPart{kind: started.Kind, index: started.PartIndex, hash: sha256.New()}
	v.open[candidate] = v.last
	return nil
}

// within is the open part, which must have this index; nil if it is unseen.
func (v *verifier) within(candidate, index int32) (*openPart, error) {
	if v.unseen(candidate) {
		return nil, nil
	}
	part := v.open[candidate]
	if part == nil || part.index != index {
		return nil, corrupt("something came for part %d of candidate %d, which is not open", index, candidate)
	}
	return part, nil
}

func (v *verifier) chunk(candidate, index int32, offset int64, data []byte) error {
	part, err := v.within(candidate, index)
	if err != nil {
		return err
	}
	if part == nil { // only the order of its bytes can be checked
		if v.last == nil {
			v.last = &openPart{}
		}
		part = v.last
	} else if part.kind != imagewirev1.PartKind_PART_KIND_IMAGE && part.kind != imagewirev1.PartKind_PART_KIND_MEDIA {
		return corrupt("bytes came for part %d, which is no file", index)
	}
	if offset != part.size {
		return corrupt("a part's bytes go on at %d where %d was due", offset, part.size)
	}
	part.size += int64(len(data))
	if part.hash != nil {
		part.hash.Write(data)
	}
	return nil
}

func (v *verifier) finish(finished *imagewirev1.PartFinished) error {
	candidate := finished.CandidateIndex
	part, err := v.within(candidate, finished.PartIndex)
	if err != nil {
		return err
	}
	v.open[candidate], v.count[candidate] = nil, finished.PartIndex+1
	if part == nil {
		return nil
	}
	fits := true
	file := finished.GetImage() != nil || finished.GetMedia() != nil
	switch part.kind {
	case imagewirev1.PartKind_PART_KIND_TEXT:
		fits = finished.Content == nil
	case imagewirev1.PartKind_PART_KIND_IMAGE, imagewirev1.PartKind_PART_KIND_MEDIA:
		// Whether it is a picture or other media may be known only at its end.
		fits = file
	case imagewirev1.PartKind_PART_KIND_FUNCTION_CALL:
		fits = finished.GetFunctionCall() != nil
	case imagewirev1.PartKind_PART_KIND_NATIVE:
		fits = finished.GetNative() != nil
	}
	if !fits {
		return corrupt("part %d of candidate %d began as %v and ended as %T", part.index, candidate, part.kind, finished.Content)
	}
	if image := finished.GetImage(); image != nil {
		return checkFile("a picture", image.GetUri(), image.GetSizeBytes(), image.Sha256, part)
	}
	if media := finished.GetMedia(); media != nil {
		return checkFile("a file of type "+media.MimeType, media.GetUri(), media.GetSizeBytes(), media.Sha256, part)
	}
	return nil
}

func checkFile(what, uri string, size int64, sum []byte, part *openPart) error {
	switch {
	case uri != "" && part.size > 0:
		return corrupt("%s is said to be elsewhere, but has %d bytes here", what, part.size)
	case uri != "":
		return nil
	case part.size == 0 || part.size != size:
		return corrupt("%s has %d bytes where %d were announced", what, part.size, size)
	case !bytes.Equal(part.hash.Sum(nil), sum):
		return corrupt("%s was damaged on its way: its sha256 differs", what)
	}
	return nil
}

// checkBytes checks a file that came whole.
func checkBytes(what string, data []byte, size int64, sum []byte) error {
	whole := sha256.Sum256(data)
	if int64(len(data)) != size || !bytes.Equal(whole[:], sum) {
		return corrupt("%s was damaged on its way: its size or sha256 differs", what)
	}
	return nil
}
