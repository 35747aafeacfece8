// Posts the review on stdin to a webhook again and again on connections that are kept, as a Go API server would, until no
// connection can be had any more, and counts what became of it.
//
// Usage: go-load URL CA-FILE WORKERS < review.json
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync"
	"time"
)

type report struct {
	Answered int `json:"answered"`
	// Answers on a connection that had been used before, and such as said that they were its last.
	Reused int      `json:"reused"`
	Last   int      `json:"last"`
	Lost   []string `json:"lost"`
}

func main() {
	url := os.Args[1]
	workers, err := strconv.Atoi(os.Args[3])
	must(err)
	review, err := io.ReadAll(os.Stdin)
	must(err)
	client := &http.Client{Timeout: 30 * time.Second, Transport: transport(os.Args[2])}
	var lock sync.Mutex
	var group sync.WaitGroup
	total := report{Lost: []string{}}
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			one := load(client, url, review)
			lock.Lock()
			defer lock.Unlock()
			total.Answered += one.Answered
			total.Reused += one.Reused
			total.Last += one.Last
			total.Lost = append(total.Lost, one.Lost...)
		}()
	}
	fmt.Fprintln(os.Stderr, "started")
	group.Wait()
	must(json.NewEncoder(os.Stdout).Encode(total))
}

func load(client *http.Client, url string, review []byte) report {
	var result report
	for {
		connected, reused := false, false
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { connected, reused = true, info.Reused }}
		request, err := http.NewRequest("POST", url, bytes.NewReader(review))
		must(err)
		request = request.WithContext(httptrace.WithClientTrace(request.Context(), trace))
		request.Header.Set("Content-Type", "application/json")
		last, err := allowed(client, request)
		if err != nil {
			if connected {
				result.Lost = append(result.Lost, err.Error())
			}
			return result
		}
		result.Answered++
		if reused {
			result.Reused++
		}
		if last {
			result.Last++
		}
	}
}

func allowed(client *http.Client, request *http.Request) (last bool, err error) {
	answer, err := client.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return false, err
	}
	var decoded struct{ Response struct{ Allowed bool } }
	if err := json.Unmarshal(body, &decoded); err != nil || !decoded.Response.Allowed {
		return false, fmt.Errorf("HTTP %d: %.200s", answer.StatusCode, body)
	}
	return answer.Close, nil
}

func transport(caFile string) *http.Transport {
	pem, err := os.ReadFile(caFile)
	must(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		panic("no certificate in " + caFile)
	}
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		// what client-go keeps for each host
		MaxIdleConnsPerHost: 25,
		IdleConnTimeout:     90 * time.Second,
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
