// Loads a compose file as `docker compose config` does, with the library that Docker Compose itself uses: merges, .env, env_file,
// schema, and whether every network, volume, secret and service that is named exists. Prints the project as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	file := os.Args[1]
	options, err := cli.NewProjectOptions([]string{file},
		cli.WithWorkingDirectory(filepath.Dir(file)),
		cli.WithEnvFiles(),
		cli.WithDotEnv,
		cli.WithInterpolation(true),
		cli.WithNormalization(true),
		cli.WithConsistency(true),
		cli.WithResolvedPaths(true),
	)
	fail(err)
	project, err := options.LoadProject(context.Background())
	fail(err)
	text, err := json.MarshalIndent(project, "", "  ")
	fail(err)
	fmt.Println(string(text))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
