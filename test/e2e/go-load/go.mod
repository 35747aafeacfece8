module countersign.dev/test/e2e/go-load

go 1.22
