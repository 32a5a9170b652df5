package main

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"google.golang.org/genai"
)

func main() {
	ctx := context.Background()
	// The address and the key are GOOGLE_GEMINI_BASE_URL and GEMINI_API_KEY, or BaseURL and APIKey here.
	client, err := genai.NewClient(ctx, &genai.ClientConfig{
		Backend:     genai.BackendGeminiAPI,
		HTTPOptions: genai.HTTPOptions{Headers: http.Header{"X-Emulate": {"two-images"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.Models.GenerateContent(ctx, "gemini-3.1-flash-image", genai.Text("A banana"), nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, part := range answer.Candidates[0].Content.Parts {
		if part.InlineData != nil {
			fmt.Println(part.InlineData.MIMEType, len(part.InlineData.Data))
		}
	}
}
