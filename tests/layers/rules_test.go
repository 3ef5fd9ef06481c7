// SPDX-License-Identifier: GPL-2.0-or-later

package layers_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

const (
	licenceLine = "// SPDX-License-Identifier: GPL-2.0-or-later"
	maxLines    = 600 // of a file that is not a test
)

// checkFile finds what is wrong with one file, whatever package it is in.
func checkFile(f *sourceFile) []string {
	var found []string
	if !strings.HasPrefix(f.text, licenceLine+"\n\n") {
		found = append(found, f.path+": does not start with the licence line and a blank line")
	}
	if n := strings.Count(f.text, "\n"); n > maxLines && !f.test() {
		found = append(found, fmt.Sprintf("%s: %d lines, more than %d", f.path, n, maxLines))
	}
	if slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, strings.TrimSuffix(f.syntax.Name.Name, "_test")) {
		found = append(found, fmt.Sprintf("%s: package name %s says nothing", f.path, f.syntax.Name.Name))
	}
	found = append(found, checkImports(f)...)
	if f.library() {
		found = append(found, checkCalls(f)...)
	}
	return found
}

// confined lists imports that only some packages may have. Tests are free.
var confined = []struct {
	path string   // import path, and everything below it
	to   []string // packages that may import it
	why  string
}{
	{"github.com/spf13", []string{"cmd"}, "flags and configuration belong to the commands"},
	{"github.com/olekukonko/tablewriter", []string{"cmd"}, "tables belong to the commands"},
	{"github.com/schollz/progressbar", []string{"cmd"}, "progress bars belong to the commands"},
	{"golang.org/x/term", []string{"cmd"}, "terminals belong to the commands"},
	{"flag", []string{"cmd"}, "flags belong to the commands"},
	{"log", []string{"cmd"}, "libraries return errors, or log to a logger they were given"},
	{"testing", nil, "it does not belong into the binary"},
	{"hash/crc32", []string{"engine/format", "engine/device/signature"}, "our checksums have one owner; signatures check those of others"},
	{"github.com/hanwen/go-fuse", []string{"engine/node"}, "FUSE belongs to the node"},
}

// formatImports are what engine/format, pure data, has no use for.
var formatImports = []string{"bufio", "context", "io", "net", "os", "os/exec", "sync", "sync/atomic"}

func checkImports(f *sourceFile) []string {
	if f.test() || support(f.pkg()) {
		return nil
	}
	var found []string
	for _, spec := range f.syntax.Imports {
		target := strings.Trim(spec.Path.Value, `"`)
		for _, rule := range confined {
			// log/slog is not below log: a logger is a value there.
			if !within(target, rule.path) || target == "log/slog" {
				continue
			}
			if !slices.ContainsFunc(rule.to, func(dir string) bool { return within(f.path, dir) }) {
				found = append(found, fmt.Sprintf("%s: imports %s: %s", f.at(spec.Pos()), target, rule.why))
			}
		}
		if within(f.path, "engine/format") && slices.Contains(formatImports, target) {
			found = append(found, fmt.Sprintf("%s: imports %s: the format is pure data", f.at(spec.Pos()), target))
		}
	}
	return found
}

// processWide are the functions and variables by which a library would reach
// past its caller to the process: its output, its environment, its end, its
// default logger.
var processWide = map[string][]string{
	"fmt":      {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
	"os":       {"Stdin", "Stdout", "Stderr", "Exit", "Args", "Getenv", "LookupEnv", "Environ", "Setenv", "Unsetenv", "Chdir"},
	"log/slog": {"Default", "SetDefault", "Debug", "DebugContext", "Info", "InfoContext", "Warn", "WarnContext", "Error", "ErrorContext", "Log", "LogAttrs"},
}

func checkCalls(f *sourceFile) []string {
	var found []string
	ast.Inspect(f.syntax, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			name, ok := node.X.(*ast.Ident)
			if ok && slices.Contains(processWide[f.imports[name.Name]], node.Sel.Name) {
				found = append(found, fmt.Sprintf("%s: a library uses %s.%s", f.at(node.Pos()), path.Base(f.imports[name.Name]), node.Sel.Name))
			}
		case *ast.CallExpr:
			name, ok := node.Fun.(*ast.Ident)
			if ok && (name.Name == "print" || name.Name == "println") {
				found = append(found, fmt.Sprintf("%s: a library calls %s", f.at(node.Pos()), name.Name))
			}
		case *ast.FuncDecl:
			if node.Recv == nil && node.Name.Name == "init" {
				found = append(found, fmt.Sprintf("%s: a library has an init function", f.at(node.Pos())))
			}
		}
		return true
	})
	return found
}
