// Posts large admission reviews without a credential to a webhook, as a Go API server would, and counts what comes back.
//
// Usage: go-client URL CA-FILE COUNT MEBIBYTES
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

type report struct {
	Denied int      `json:"denied"`
	Lost   []string `json:"lost"`
}

func main() {
	url, count, mebibytes := os.Args[1], number(os.Args[3]), number(os.Args[4])
	client := &http.Client{Timeout: 30 * time.Second, Transport: transport(os.Args[2])}
	result := report{Lost: []string{}}
	for i := 0; i < count; i++ {
		if err := denied(client, url, fmt.Sprintf("uid-%d", i), mebibytes); err != nil {
			result.Lost = append(result.Lost, err.Error())
		} else {
			result.Denied++
		}
	}
	must(json.NewEncoder(os.Stdout).Encode(result))
}

func denied(client *http.Client, url, uid string, mebibytes int) error {
	answer, err := client.Post(url, "application/json", bytes.NewReader(review(uid, mebibytes)))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	var decoded struct {
		Response struct {
			UID     string
			Allowed bool
			Status  struct{ Code int }
		}
	}
	if err := json.Unmarshal(body, &decoded); err != nil {
		return fmt.Errorf("HTTP %d: %w", answer.StatusCode, err)
	}
	response := decoded.Response
	if answer.StatusCode != 200 || response.Allowed || response.UID != uid || response.Status.Code != 401 {
		return fmt.Errorf("HTTP %d: %.200s", answer.StatusCode, body)
	}
	return nil
}

func review(uid string, mebibytes int) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":%q,"object":{"padding":"`, uid)
	text.Write(bytes.Repeat([]byte("x"), mebibytes<<20))
	text.WriteString(`"}}}`)
	return text.Bytes()
}

func transport(caFile string) *http.Transport {
	pem, err := os.ReadFile(caFile)
	must(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		panic("no certificate in " + caFile)
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
