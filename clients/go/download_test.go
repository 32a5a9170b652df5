package imagewire

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math"
	"testing"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

type downloadAnswer = imagewirev1.DownloadImageResponse

// head is the first message of a download.
func head(size int64) *downloadAnswer {
	sum := sha256.Sum256(picture)
	image := &imagewirev1.Image{MimeType: "image/png", SizeBytes: &size, Sha256: sum[:]}
	return &downloadAnswer{Event: &imagewirev1.DownloadImageResponse_Image{Image: image}}
}

func bytesAt(offset int64, data []byte) *downloadAnswer {
	chunk := &imagewirev1.ImageData{Offset: offset, Data: data}
	return &downloadAnswer{Event: &imagewirev1.DownloadImageResponse_Chunk{Chunk: chunk}}
}

// downloading is a client of a server whose downloads are these messages.
func downloading(t *testing.T, sent ...*downloadAnswer) *Client {
	return serve(t, &fake{download: func(_ *imagewirev1.DownloadImageRequest, send func(*downloadAnswer) error) error {
		for _, each := range sent {
			if err := send(each); err != nil {
				return err
			}
		}
		return nil
	}})
}

func TestADownload(t *testing.T) {
	half := len(picture) / 2
	client := downloading(t, head(int64(len(picture))), bytesAt(0, picture[:half]), bytesAt(int64(half), picture[half:]))
	image, err := client.Download(t.Context(), "img-1")
	if err != nil || !bytes.Equal(image.Data, picture) || image.ID != "img-1" {
		t.Error(err)
	}
	image, err = client.DownloadTo(t.Context(), io.Discard, "img-1", 0)
	if err != nil || image.Data != nil || image.SizeBytes != int64(len(picture)) {
		t.Error(err)
	}
}

// A server that sends without end is left at the first byte beyond what it announced.
func TestADownloadEndsAtTheAnnouncedSize(t *testing.T) {
	left := make(chan int64, 2)
	client := serve(t, &fake{download: func(_ *imagewirev1.DownloadImageRequest, send func(*downloadAnswer) error) error {
		at, err := int64(0), send(head(int64(len(picture))))
		for ; err == nil; at += int64(len(picture)) {
			err = send(bytesAt(at, picture))
		}
		left <- at
		return err
	}})
	_, err := client.Download(t.Context(), "img-1")
	kindIs(t, err, ErrCorruptAnswer)
	var written bytes.Buffer
	_, err = client.DownloadTo(t.Context(), &written, "img-1", 0)
	kindIs(t, err, ErrCorruptAnswer)
	if written.Len() > len(picture) {
		t.Errorf("%d bytes were written", written.Len())
	}
	for range 2 {
		if sent := <-left; sent > 10<<20 {
			t.Errorf("the server could send %d bytes", sent)
		}
	}
}

func TestTheAnnouncedSizeIsNotBelieved(t *testing.T) {
	whole := int64(len(picture))
	for name, sent := range map[string][]*downloadAnswer{
		"no picture has as much":      {head(1 << 61), bytesAt(0, picture)},
		"the most of all":             {head(math.MaxInt64), bytesAt(0, picture)},
		"as much as a file may have":  {head(math.MaxInt32), bytesAt(0, picture)},
		"below zero":                  {head(-1), bytesAt(0, picture)},
		"less than came":              {head(whole - 1), bytesAt(0, picture)},
		"more than came":              {head(whole + 1), bytesAt(0, picture)},
		"bytes before it":             {bytesAt(0, picture), head(whole)},
		"none":                        {bytesAt(0, picture)},
		"another one in the midst":    {head(whole - 1), bytesAt(0, picture[:9]), head(whole), bytesAt(9, picture[9:])},
		"an offset that is not there": {head(whole), bytesAt(math.MaxInt64, picture)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := downloading(t, sent...).Download(t.Context(), "img-1")
			kindIs(t, err, ErrCorruptAnswer)
		})
	}
}
