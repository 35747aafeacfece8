module countersign.dev/test/e2e/go-client

go 1.22
