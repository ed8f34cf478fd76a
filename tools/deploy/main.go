// Command render prints what the files in deploy come to, for the test that holds them to the program:
//
//	render kustomize FOLDER        YAML, as kubectl apply -k FOLDER would send it
//	render compose FILE...         JSON, as docker compose reads the files; variables are those of the environment
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	out, err := render(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
	fmt.Println(string(out))
}

func render(args []string) ([]byte, error) {
	switch {
	case len(args) == 2 && args[0] == "kustomize":
		return kustomize(args[1])
	case len(args) > 1 && args[0] == "compose":
		return compose(args[1:])
	}
	return nil, errors.New("say kustomize FOLDER, or compose FILE")
}

func kustomize(dir string) ([]byte, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return resources.AsYaml()
}

// compose holds the files to the schema of the specification, and what they name to one another.
func compose(files []string) ([]byte, error) {
	options, err := cli.NewProjectOptions(files, cli.WithOsEnv, cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}
