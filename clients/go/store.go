package imagewire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

const (
	// Up to this, a picture is sent with the request: to ask whether the server has it would take longer.
	largePicture = 256 << 10
	piece        = 256 << 10
)

// namedPicture is a picture that a request names by its sha256, at these places.
type namedPicture struct {
	mimeType          string
	data              []byte
	places            []*imagewirev1.Image
	missing, uploaded bool
}

type namedPictures map[[sha256.Size]byte]*namedPicture

// putBack sends its bytes with the request nevertheless.
func (n *namedPicture) putBack() {
	for _, image := range n.places {
		image.Source = &imagewirev1.Image_Data{Data: n.data}
	}
}

// nameLarge takes the bytes of large pictures out of a spec, which then names them by their sha256.
func nameLarge(spec *imagewirev1.Spec) namedPictures {
	named := namedPictures{}
	for _, image := range imagesOf(spec.Messages...) {
		data := image.GetData()
		if len(data) <= largePicture || image.MimeType == "" {
			continue
		}
		sum := sha256.Sum256(data)
		if len(image.Sha256) > 0 && !bytes.Equal(image.Sha256, sum[:]) {
			continue // the server tells what is wrong
		}
		if named[sum] == nil {
			named[sum] = &namedPicture{mimeType: image.MimeType, data: data}
		}
		named[sum].places = append(named[sum].places, image)
		image.Source, image.Sha256 = nil, sum[:]
	}
	return named
}

func imagesOf(messages ...*imagewirev1.ChatMessage) (found []*imagewirev1.Image) {
	for _, message := range messages {
		if message.GetImage() != nil {
			found = append(found, message.Image)
		}
		for _, part := range message.GetParts() {
			if part.GetImage() != nil {
				found = append(found, part.GetImage())
			}
			found = append(found, part.GetFunctionResponse().GetImages()...)
		}
	}
	return found
}

// Upload stores a picture on the server. Requests that use it later name it, and its bytes go up once. Large pictures of
// requests are uploaded without being asked.
func (c *Client) Upload(ctx context.Context, picture *Image) (*Image, error) {
	if picture == nil || picture.Data == nil {
		return nil, invalid("picture", "has no bytes here: give the file itself")
	}
	call := c.newCall(ctx, false)
	defer call.end()
	stored, err := c.upload(call, picture.Data, picture.MimeType)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(picture.Data); stored.ID == "" || stored.SHA256 != hex.EncodeToString(sum[:]) {
		return nil, corrupt("the server names no picture, or another one than was uploaded")
	}
	return stored, nil
}

func (c *Client) upload(call *call, data []byte, mimeType string) (*Image, error) {
	sum, size := sha256.Sum256(data), int64(len(data))
	first := &imagewirev1.Image{MimeType: mimeType, SizeBytes: &size, Sha256: sum[:]}
	if err := checkText("", first); err != nil {
		return nil, err
	}
	var stored *imagewirev1.UploadImageResponse
	err := call.unary(true, func(ctx context.Context) (trailer metadata.MD, err error) {
		stream, err := c.images.UploadImage(ctx, grpc.Trailer(&trailer))
		if err != nil {
			return nil, err
		}
		// io.EOF says that the server has ended the call, and CloseAndRecv why.
		err = stream.Send(&imagewirev1.UploadImageRequest{Event: &imagewirev1.UploadImageRequest_Image{Image: first}})
		for at := 0; at < len(data) && err == nil; at += piece {
			next := &imagewirev1.ImageData{Offset: int64(at), Data: data[at:min(at+piece, len(data))]}
			err = stream.Send(&imagewirev1.UploadImageRequest{Event: &imagewirev1.UploadImageRequest_Chunk{Chunk: next}})
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return trailer, err
		}
		stored, err = stream.CloseAndRecv()
		return trailer, err
	})
	if err != nil {
		return nil, err
	}
	return imageOf(stored.GetImage(), data, false), nil
}

// DeleteImage removes a picture from the server. An answer that it is part of can no longer be resumed.
func (c *Client) DeleteImage(ctx context.Context, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	call := c.newCall(ctx, false)
	defer call.end()
	return call.unary(false, func(ctx context.Context) (trailer metadata.MD, err error) {
		_, err = c.images.DeleteImage(ctx, &imagewirev1.DeleteImageRequest{ImageId: id}, grpc.Trailer(&trailer))
		return trailer, err
	})
}
