// SPDX-License-Identifier: GPL-2.0-or-later

// Package layers_test checks the shape of the source tree: imports run down
// the floors of docs/architecture.md, libraries neither print nor read the
// process's environment, and every file carries its licence and stays small.
//
// The floors are read from the table in docs/architecture.md, so the page
// and the rule cannot differ.
package layers_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// module is the path in go.mod; a package's name here is its path below it.
const module = "scoutfs"

// sourceFile is one Go file of the repository.
type sourceFile struct {
	path    string // slash-separated, relative to the repository
	text    string
	fset    *token.FileSet
	syntax  *ast.File
	imports map[string]string // name in this file → import path
}

// pkg is the directory of the file, "" for the repository's root.
func (f *sourceFile) pkg() string {
	if dir := path.Dir(f.path); dir != "." {
		return dir
	}
	return ""
}

// test reports whether the file is compiled into tests only.
func (f *sourceFile) test() bool { return strings.HasSuffix(f.path, "_test.go") }

// library reports whether the file belongs to a library: to neither a
// command nor a test.
func (f *sourceFile) library() bool {
	return !f.test() && !support(f.pkg()) && !within(f.path, "cmd")
}

// support reports whether a package serves tests only: one below tests/, or
// one of internal/ whose name begins with test.
func support(pkg string) bool {
	return within(pkg, "tests") || strings.HasPrefix(pkg, "internal/test")
}

func (f *sourceFile) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(pos).Line)
}

// within reports whether name is dir or lies below it.
func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}

// skipped reports whether a directory holds no source of this module.
func skipped(dir string) bool {
	name := path.Base(dir)
	return dir != "." && (strings.HasPrefix(name, ".") || name == "testdata" || dir == "bin" || dir == "tools")
}

// readTree parses every Go file of the repository.
func readTree(repo fs.FS) ([]*sourceFile, error) {
	var files []*sourceFile
	err := fs.WalkDir(repo, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if skipped(name) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		file, err := readFile(repo, name)
		if err != nil {
			return err
		}
		files = append(files, file)
		return nil
	})
	return files, err
}

func readFile(repo fs.FS, name string) (*sourceFile, error) {
	text, err := fs.ReadFile(repo, name)
	if err != nil {
		return nil, err
	}
	f := &sourceFile{path: name, text: string(text), fset: token.NewFileSet(), imports: map[string]string{}}
	f.syntax, err = parser.ParseFile(f.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, spec := range f.syntax.Imports {
		target, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.at(spec.Pos()), err)
		}
		local := path.Base(target)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		f.imports[local] = target
	}
	return f, nil
}
