package imagewire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"math"

	"google.golang.org/grpc/metadata"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

const (
	// A server that announces more than this is not believed.
	largestFile = math.MaxInt32
	// So much memory is taken before the bytes are there.
	mostAhead = 16 << 20
)

// Download gets a picture that the server keeps, by its [Image.ID].
func (c *Client) Download(ctx context.Context, id string) (*Image, error) {
	call := c.newCall(ctx, false)
	defer call.end()
	return c.download(call, id, 0, nil)
}

// DownloadTo writes a picture that the server keeps to w, from the byte at offset. What is returned has no Data. The
// bytes are checked at the end, against the SHA-256 only from offset 0: until it returns, they may be damaged.
func (c *Client) DownloadTo(ctx context.Context, w io.Writer, id string, offset int64) (*Image, error) {
	call := c.newCall(ctx, false)
	defer call.end()
	return c.download(call, id, offset, w)
}

// download writes to w, or into Data if that is nil.
func (c *Client) download(call *call, id string, offset int64, w io.Writer) (*Image, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	d := &downloaded{position: offset, sum: sha256.New(), to: w}
	if w == nil {
		d.to = &d.whole
	}
	frame, _ := c.settings.frame(0)
	for asked := offset; ; {
		if err := call.over(); err != nil {
			return nil, err
		}
		trailer, err := d.from(call.ctx, c.images, &imagewirev1.DownloadImageRequest{
			ImageId: id, Offset: d.position, MaxFrameBytes: frame,
		})
		if errors.Is(err, io.EOF) {
			break
		}
		var refused *ended
		if errors.As(err, &refused) {
			return nil, refused.why
		}
		failed, own := call.failure(err, trailer)
		if d.position > asked {
			asked, call.made = d.position, 0
		} else {
			frame = smallFrame
		}
		wait, last := call.pause(failed, own, false, own != nil && own.broke)
		if last != nil {
			return nil, last
		}
		if err := call.wait(wait); err != nil {
			return nil, err
		}
	}
	if size := d.image.GetSizeBytes(); d.position != size {
		return nil, corrupt("a picture has %d bytes where %d were announced", d.position, size)
	}
	if offset == 0 && !bytes.Equal(d.sum.Sum(nil), d.image.GetSha256()) {
		return nil, corrupt("a picture was damaged on its way: its sha256 differs")
	}
	made := imageOf(d.image, nil, false)
	if made.ID = id; w == nil {
		made.Data = d.whole.Bytes()
	}
	return made, nil
}

func checkID(id string) error {
	if id == "" {
		return invalid("image_id", "is empty: give the picture's ID")
	}
	return checkText("", &imagewirev1.DownloadImageRequest{ImageId: id})
}

// downloaded is what has come of a picture, over any connections. whole has its bytes if they go nowhere else.
type downloaded struct {
	image    *imagewirev1.Image
	position int64
	sum      hash.Hash
	to       io.Writer
	whole    bytes.Buffer
}

// ended is an error behind which no attempt follows.
type ended struct{ why error }

func (e *ended) Error() string { return e.why.Error() }

// from makes one attempt, and returns its trailer, and io.EOF at its end.
func (d *downloaded) from(
	ctx context.Context, images imagewirev1.ImageServiceClient, asked *imagewirev1.DownloadImageRequest,
) (metadata.MD, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := images.DownloadImage(ctx, asked)
	if err != nil {
		return nil, err
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return stream.Trailer(), err
		}
		if said := message.GetImage(); said != nil {
			err = d.announced(said)
		} else {
			err = d.add(message.GetChunk())
		}
		if err != nil {
			return nil, &ended{err}
		}
	}
}

// announced takes what the server says of the picture, in front of its bytes. Each connection says it again.
func (d *downloaded) announced(image *imagewirev1.Image) error {
	size := image.GetSizeBytes()
	switch {
	case size < 0 || size > largestFile:
		return corrupt("a picture is said to have %d bytes, which none has", size)
	case d.image != nil && (d.image.GetSizeBytes() != size || !bytes.Equal(d.image.Sha256, image.Sha256)):
		return corrupt("a picture became another one while it came")
	case d.image == nil && d.to == &d.whole:
		d.whole.Grow(int(min(max(0, size-d.position), mostAhead)))
	}
	d.image = image
	return nil
}

// add takes the next bytes, none beyond the size that was announced.
func (d *downloaded) add(chunk *imagewirev1.ImageData) error {
	data := chunk.GetData()
	if chunk.GetOffset() != d.position {
		return corrupt("a picture's bytes go on at %d where %d was due", chunk.GetOffset(), d.position)
	}
	if size := d.image.GetSizeBytes(); int64(len(data)) > size-d.position {
		return corrupt("a picture has %d bytes or more where %d were announced", d.position+int64(len(data)), size)
	}
	d.position += int64(len(data))
	d.sum.Write(data)
	_, err := writeAll(d.to, data)
	return err
}
