module countersign.dev/test/binaries/pause

go 1.26.0
