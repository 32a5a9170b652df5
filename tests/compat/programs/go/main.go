// The official Go client of OpenAI, and the community's, as their readers use them.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	community "github.com/sashabaranov/go-openai"
)

type seen struct {
	Name   string   `json:"name"`
	Text   string   `json:"text,omitempty"`
	Images []string `json:"images,omitempty"`
	Finish string   `json:"finish,omitempty"`
}

func tell(one seen) {
	if err := json.NewEncoder(os.Stdout).Encode(one); err != nil {
		panic(err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func hash(encoded string) string {
	_, after, found := strings.Cut(encoded, ",")
	if found {
		encoded = after
	}
	sum := sha256.Sum256(must(base64.StdEncoding.DecodeString(encoded)))
	return hex.EncodeToString(sum[:])
}

// images reads what the client's types do not have.
func images(raw string) []string {
	var message struct {
		Images []struct {
			ImageURL struct {
				URL string `json:"url"`
			} `json:"image_url"`
		} `json:"images"`
	}
	if err := json.Unmarshal([]byte(raw), &message); err != nil {
		panic(err)
	}
	var found []string
	for _, image := range message.Images {
		found = append(found, hash(image.ImageURL.URL))
	}
	return found
}

func main() {
	ctx, model := context.Background(), os.Getenv("MODEL")
	client := openai.NewClient(option.WithBaseURL(os.Getenv("BASE_URL")), option.WithAPIKey("any"))
	ask := openai.ChatCompletionNewParams{
		Model:    model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("A banana")},
	}

	whole := must(client.Chat.Completions.New(ctx, ask))
	message := whole.Choices[0].Message
	tell(seen{"chat", message.Content, images(message.RawJSON()), string(whole.Choices[0].FinishReason)})

	stream := client.Chat.Completions.NewStreaming(ctx, ask)
	streamed := seen{Name: "stream"}
	for stream.Next() {
		for _, choice := range stream.Current().Choices {
			streamed.Text += choice.Delta.Content
			streamed.Images = append(streamed.Images, images(choice.Delta.RawJSON())...)
			streamed.Finish += string(choice.FinishReason)
		}
	}
	if err := stream.Err(); err != nil {
		panic(err)
	}
	tell(streamed)

	drawn := must(client.Images.Generate(ctx, openai.ImageGenerateParams{Model: model, Prompt: "A banana"}))
	tell(seen{Name: "image", Images: []string{hash(drawn.Data[0].B64JSON)}})

	file := openai.File(bytes.NewReader(must(base64.StdEncoding.DecodeString(os.Getenv("PICTURE")))), "a.png", "image/png")
	edited := must(client.Images.Edit(ctx, openai.ImageEditParams{
		Model: model, Prompt: "Make it blue", Image: openai.ImageEditParamsImageUnion{OfFile: file},
	}))
	tell(seen{Name: "edit", Images: []string{hash(edited.Data[0].B64JSON)}})

	config := community.DefaultConfig("any")
	config.BaseURL = os.Getenv("BASE_URL")
	other := community.NewClientWithConfig(config)
	answer := must(other.CreateChatCompletion(ctx, community.ChatCompletionRequest{
		Model:    model,
		Messages: []community.ChatCompletionMessage{{Role: "user", Content: "A banana"}},
	}))
	tell(seen{Name: "community chat", Text: answer.Choices[0].Message.Content, Finish: string(answer.Choices[0].FinishReason)})
	picture := must(other.CreateImage(ctx, community.ImageRequest{
		Model: model, Prompt: "A banana", ResponseFormat: "b64_json", Size: "1024x1024", N: 1,
	}))
	tell(seen{Name: "community image", Images: []string{hash(picture.Data[0].B64JSON)}})
}
