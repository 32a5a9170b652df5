package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	imagewirev1 "github.com/imagewire/imagewire/clients/go/imagewire/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// google calls Google's API, over connections that are kept.
type google struct {
	base   string
	client *http.Client
}

func newGoogle(base string) *google {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 256
	transport.ReadBufferSize = 64 << 10
	transport.DisableCompression = true
	return &google{base, &http.Client{Transport: transport}}
}

type asked struct {
	Contents         []content `json:"contents"`
	GenerationConfig struct {
		ResponseModalities []string `json:"responseModalities"`
	} `json:"generationConfig"`
}

type content struct {
	Role  string `json:"role"`
	Parts []part `json:"parts"`
}

type part struct {
	Text       string `json:"text,omitempty"`
	InlineData *blob  `json:"inlineData,omitempty"`
}

// blob: Data is empty in a document of a stream, whose pictures are taken out before.
type blob struct {
	MimeType string `json:"mimeType"`
	Data     []byte `json:"data"`
}

type answered struct {
	Candidates []struct {
		Index        int32   `json:"index"`
		Content      content `json:"content"`
		FinishReason string  `json:"finishReason"`
	} `json:"candidates"`
	UsageMetadata struct {
		PromptTokenCount     int64    `json:"promptTokenCount"`
		CandidatesTokenCount int64    `json:"candidatesTokenCount"`
		TotalTokenCount      int64    `json:"totalTokenCount"`
		PromptTokens         []tokens `json:"promptTokensDetails"`
		CandidatesTokens     []tokens `json:"candidatesTokensDetails"`
	} `json:"usageMetadata"`
	ModelVersion string `json:"modelVersion"`
	ResponseID   string `json:"responseId"`
}

type tokens struct {
	Modality   string `json:"modality"`
	TokenCount int64  `json:"tokenCount"`
}

// ask posts a spec to a method of its model. The answer's body is the caller's to close.
func (g *google) ask(ctx context.Context, spec *imagewirev1.Spec, method string) (io.ReadCloser, error) {
	var body asked
	body.GenerationConfig.ResponseModalities = []string{"TEXT", "IMAGE"}
	for _, message := range spec.GetMessages() {
		if message.GetRole() != imagewirev1.Role_ROLE_USER || message.GetImage() != nil || message.GetParts() != nil {
			return nil, status.Error(codes.Unimplemented, "messages: only text of the user's is served")
		}
		body.Contents = append(body.Contents, content{"user", []part{{Text: message.GetContent()}}})
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	target := fmt.Sprintf("%s/v1beta/models/%s:%s", g.base, url.PathEscape(spec.GetModel()), method)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("x-goog-api-key", "bench")
	answer, err := g.client.Do(request)
	if err != nil {
		return nil, status.Error(codes.Unavailable, "the upstream cannot be reached")
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, status.Errorf(codes.Internal, "the upstream answered HTTP %d", answer.StatusCode)
	}
	return answer.Body, nil
}

func (a *answered) usage() *imagewirev1.Usage {
	counted := &a.UsageMetadata
	return &imagewirev1.Usage{
		PromptTokens:            counted.PromptTokenCount,
		CandidatesTokens:        counted.CandidatesTokenCount,
		TotalTokens:             counted.TotalTokenCount,
		PromptTokensDetails:     modalities(counted.PromptTokens),
		CandidatesTokensDetails: modalities(counted.CandidatesTokens),
	}
}

func modalities(counted []tokens) []*imagewirev1.ModalityTokens {
	named := make([]*imagewirev1.ModalityTokens, 0, len(counted))
	for _, one := range counted {
		named = append(named, &imagewirev1.ModalityTokens{Modality: one.Modality, Tokens: one.TokenCount})
	}
	return named
}

func reason(native string) imagewirev1.FinishReason {
	switch native {
	case "STOP":
		return imagewirev1.FinishReason_FINISH_REASON_STOP
	case "MAX_TOKENS":
		return imagewirev1.FinishReason_FINISH_REASON_MAX_TOKENS
	}
	return imagewirev1.FinishReason_FINISH_REASON_OTHER
}
