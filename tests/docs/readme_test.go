// SPDX-License-Identifier: GPL-2.0-or-later

package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// command is one line of a console session and what it printed.
type command struct{ line, output string }

// session reads the first console block of a page that runs scoutfs.
func session(page string) []command {
	for block := range strings.SplitSeq(page, "```console\n") {
		text, _, ended := strings.Cut(block, "```")
		if !ended || !strings.HasPrefix(text, "$ scoutfs") {
			continue
		}
		var commands []command
		for line := range strings.Lines(text) {
			if typed, ok := strings.CutPrefix(line, "$ "); ok {
				commands = append(commands, command{line: strings.TrimSuffix(typed, "\n")})
				continue
			}
			commands[len(commands)-1].output += line
		}
		return commands
	}
	return nil
}

// commandHeading is the heading of a command in scoutfs(8), which is written
// from the commands themselves.
var commandHeading = regexp.MustCompile(`(?m)^\.Ss ([a-z-]+)`)

func TestReadmeNamesEveryCommand(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile("../../man/scoutfs.8")
	if err != nil {
		t.Fatal(err)
	}
	commands := commandHeading.FindAllStringSubmatch(string(manual), -1)
	if len(commands) == 0 {
		t.Fatal("scoutfs(8) has no commands")
	}
	for _, command := range commands {
		if !strings.Contains(string(page), "`"+command[1]+"`") {
			t.Errorf("the README does not name %s", command[1])
		}
	}
}

// The session on the README's first screen prints what it says.
func TestReadmeSessionIsReal(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := session(string(page))
	if len(commands) < 2 {
		t.Fatalf("the README shows %d commands", len(commands))
	}
	bin, work := t.TempDir(), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", filepath.Join(bin, "scoutfs"), "../../cmd/scoutfs")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	for _, c := range commands {
		run := exec.CommandContext(t.Context(), "sh", "-c", c.line)
		run.Dir = work
		run.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		output, err := run.CombinedOutput()
		if err != nil || string(output) != c.output {
			t.Errorf("$ %s\nerror %v, printed\n%swant\n%s", c.line, err, output, c.output)
		}
	}
}
