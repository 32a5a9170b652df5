package imagewire

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"os"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
)

// Image is a picture: of an answer, or to be sent.
type Image struct {
	// Data is the encoded file (PNG, JPEG, WebP, HEIC or HEIF); nil if its bytes are elsewhere.
	Data []byte
	// MimeType is the media type, for example "image/png".
	MimeType string
	// Width and Height are in pixels, 0 if unknown.
	Width, Height int
	// SizeBytes is the size of the file, and SHA256 its hash in hexadecimal digits.
	SizeBytes int64
	SHA256    string
	// ID is the server's id of the picture, on a server that keeps pictures.
	ID string
	// URI is the address of a picture that is sent by it, or that the provider wrote to a bucket.
	URI string
	// Thought says that it is a draft of the model's thinking.
	Thought bool
	// Detail is how closely the model looks at an input picture.
	Detail imagewirev1.ImageDetail
	// DisplayName is the provider's name of the file; mostly empty.
	DisplayName string
}

// NewImage makes a picture to be sent, of an encoded file.
func NewImage(data []byte) *Image { return &Image{Data: data, MimeType: mediaType(data)} }

// ReadImage makes a picture to be sent, of a file.
func ReadImage(path string) (*Image, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return NewImage(data), nil
}

func mediaType(data []byte) string {
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		switch string(data[8:12]) {
		case "heic", "heix", "hevc":
			return "image/heic"
		case "mif1", "msf1":
			return "image/heif"
		}
	}
	if found := http.DetectContentType(data); bytes.HasPrefix([]byte(found), []byte("image/")) {
		return found
	}
	return ""
}

func (i *Image) proto() (*imagewirev1.Image, error) {
	if i == nil {
		return nil, invalid("images", "has a nil picture")
	}
	made := &imagewirev1.Image{MimeType: i.MimeType, Detail: i.Detail}
	switch {
	case i.URI != "":
		made.Source = &imagewirev1.Image_Uri{Uri: i.URI}
	case i.Data != nil:
		made.Source = &imagewirev1.Image_Data{Data: i.Data}
	case i.ID != "":
		made.Source = &imagewirev1.Image_ImageId{ImageId: i.ID}
	default:
		return nil, invalid("images", "has a picture without Data, ID and URI")
	}
	return made, nil
}

func imageOf(said *imagewirev1.Image, data []byte, thought bool) *Image {
	made := &Image{
		Data: data, MimeType: said.GetMimeType(), Width: int(said.GetWidth()), Height: int(said.GetHeight()),
		SizeBytes: said.GetSizeBytes(), SHA256: hex.EncodeToString(said.GetSha256()), ID: said.GetImageId(),
		URI: said.GetUri(), Thought: thought, DisplayName: said.GetDisplayName(),
	}
	if data == nil {
		made.Data = said.GetData()
	}
	return made
}

// Media is a file of an answer that is no picture: audio, video, a document.
type Media struct {
	// Data is the file; nil if its bytes are elsewhere.
	Data []byte
	// MimeType is the media type, for example "audio/wav".
	MimeType string
	// URI is the address of a file that is elsewhere.
	URI string
	// DisplayName is the provider's name of the file; mostly empty.
	DisplayName string
}

func mediaOf(said *imagewirev1.Media, data []byte) *Media {
	if data == nil {
		data = said.GetData()
	}
	return &Media{Data: data, MimeType: said.MimeType, URI: said.GetUri(), DisplayName: said.DisplayName}
}
