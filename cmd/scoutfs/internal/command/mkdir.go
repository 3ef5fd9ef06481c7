// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type mkdirCommand struct {
	fileChange
	parents bool
	mode    string
	change  *values.ModeChange
}

func newMkdir(env *cli.Env) *cobra.Command {
	m := &mkdirCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "mkdir DIRECTORY...",
		Short: "Make directories, in a volume on its devices too",
		Long: `Makes directories. With --meta-device paths are inside the volume; otherwise
they are paths on this machine.`,
		Example: `  scoutfs mkdir -p --meta-device /dev/meta --data-device /dev/data /a/b/c`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) == 0 {
				return cli.Usagef("missing operand")
			}
			if cmd.Flags().Changed("mode") {
				change, err := values.ParseMode(m.mode)
				if err != nil {
					return cli.Usagef("%s", err)
				}
				m.change = &change
			}
			return m.run(cmd.Context(), func() error {
				return m.each(operands, "create directory", func(path string) error { return m.make(m.ctx, path) })
			})
		},
	}
	cmd.Flags().BoolVarP(&m.parents, "parents", "p", false, "make missing directories above too, and let those be that exist")
	cmd.Flags().StringVarP(&m.mode, "mode", "m", "", "permissions as for chmod: `MODE`")
	m.define(cmd)
	return cmd
}

// make makes one directory.
func (m *mkdirCommand) make(ctx context.Context, path string) error {
	if m.parents {
		return m.makeAll(ctx, path)
	}
	dir, name, err := edit.Parent(ctx, m.files, path, syscall.EEXIST)
	if err != nil {
		return err
	}
	return m.makeOne(ctx, dir, name, path)
}

func (m *mkdirCommand) makeOne(ctx context.Context, dir tree.Node, name, path string) error {
	n, err := m.files.Mkdir(ctx, dir, name, 0o777)
	if err != nil {
		return err
	}
	if m.change != nil {
		a, err := m.files.Stat(ctx, n, 0)
		if err != nil {
			return err
		}
		// What is set replaces what the umask left.
		mode := m.change.Apply(0o777, true, umaskOf(m.files)) | a.Mode&0o2000
		if err := m.files.SetAttr(ctx, n, edit.Attr{Mode: &mode}); err != nil {
			return err
		}
	}
	return m.did(done{kind: "created-directory", text: "created directory", path: path})
}

// makeAll makes what is missing of a path, with the usual permissions but the
// last.
func (m *mkdirCommand) makeAll(ctx context.Context, path string) error {
	at := ""
	if strings.HasPrefix(path, "/") {
		at = "/"
	}
	for rest := strings.Trim(path, "/"); ; {
		name, more, found := strings.Cut(rest, "/")
		next := name
		if at != "" {
			next = tree.Join(at, name)
		}
		n, err := m.files.Resolve(ctx, next, true)
		switch {
		case errors.Is(err, syscall.ENOENT):
			err = m.makeBelow(ctx, at, name, next, !found)
		case err == nil && !n.IsDir():
			err = syscall.ENOTDIR
			if !found {
				err = syscall.EEXIST
			}
		}
		if err != nil {
			return cannot("create directory", next, err)
		}
		if !found {
			return nil
		}
		at, rest = next, strings.TrimLeft(more, "/")
	}
}

func (m *mkdirCommand) makeBelow(ctx context.Context, at, name, path string, last bool) error {
	dir, err := m.files.Resolve(ctx, at, true)
	if err != nil {
		return err
	}
	one := *m
	if !last {
		one.change = nil
	}
	return one.makeOne(ctx, dir, name, path)
}
