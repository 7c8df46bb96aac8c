// The command generate_sdk writes the SDK of a Pulumi package in one language, with the engine's own generators.
//
// An engine built from its modules has no language hosts of its own; ours (mtasts/localcloud/languages) run this
// command for the call GeneratePackage. The schema comes on standard input:
//
//	generate_sdk nodejs|python|go FOLDER LOADER_ADDRESS local|published
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "mtasts"

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: generate_sdk nodejs|python|go FOLDER LOADER_ADDRESS local|published")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4] == "local"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(language, folder, loaderAddress string, local bool) error {
	loader, err := schema.NewLoaderClient(loaderAddress)
	if err != nil {
		return err
	}
	defer loader.Close()
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	// A package may name types of packages that are installed later.
	options := schema.ValidationOptions{AllowDanglingReferences: true}
	bound, diagnostics, err := schema.BindSpec(spec, loader, options)
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return errors.Join(diagnostics.Errs()...)
	}
	files, err := generate(language, bound, loader, local)
	if err != nil {
		return err
	}
	return write(folder, files)
}

func generate(
	language string, bound *schema.Package, loader schema.ReferenceLoader, local bool,
) (map[string][]byte, error) {
	switch language {
	case "nodejs":
		return nodejs.GeneratePackage(tool, bound, nil, nil, local, loader)
	case "python":
		return python.GeneratePackage(tool, bound, nil, loader)
	case "go":
		return golang.GeneratePackage(tool, bound, nil)
	}
	return nil, fmt.Errorf("no generator for %q", language)
}

func write(folder string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
