// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/walk/tree"
)

func newXattr(env *cli.Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "xattr COMMAND",
		GroupID: cli.GroupFiles,
		Short:   "Get, set, remove and list extended attributes, in a volume on its devices too",
		Long: `Commands for extended attributes, by their full names such as user.comment or
scoutfs.hide.srch.job. With --meta-device paths are inside the volume;
otherwise they are paths on this machine.`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) > 0 {
				return cli.Usagef("no such command: 'xattr %s'", operands[0])
			}
			return cli.Usagef("no command given")
		},
	}
	cmd.AddCommand(newXattrGet(env), newXattrSet(env), newXattrRm(env), newXattrLs(env))
	return cmd
}

// xattrJSON is an attribute in JSON.
type xattrJSON struct {
	Path  output.Name  `json:"path"`
	Name  output.Name  `json:"name"`
	Value *output.Name `json:"value,omitempty"`
}

// xattrRead is one run of a command that reads attributes.
type xattrRead struct {
	env           *cli.Env
	where         location
	encoding      string
	noDereference bool
	values        bool
	name          string
	dump          bool
}

func (x *xattrRead) define(cmd *cobra.Command) {
	x.encoding = "text"
	flags := cmd.Flags()
	flags.VarP(values.Choice(&x.encoding, "text", "hex", "base64"), "encoding", "e", "write values as they are in text, or as `ENCODING`: text, hex, base64")
	flags.BoolVarP(&x.noDereference, "no-dereference", "h", false, "of symbolic links themselves")
	x.where.defineDevices(cmd)
	cli.Reports(cmd, output.JSON, output.JSONL)
}

// encode writes a value as text.
func (x *xattrRead) encode(value []byte) string {
	switch x.encoding {
	case "hex":
		return "0x" + hex.EncodeToString(value)
	case "base64":
		return "0s" + base64.StdEncoding.EncodeToString(value)
	}
	return string(value)
}

// quoted is a value among others.
func (x *xattrRead) quoted(value []byte) string {
	if x.encoding != "text" {
		return x.encode(value)
	}
	if utf8.Valid(value) && !strings.ContainsFunc(string(value), func(r rune) bool { return !unicode.IsPrint(r) }) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(value)) + `"`
	}
	return "0s" + base64.StdEncoding.EncodeToString(value)
}

func newXattrGet(env *cli.Env) *cobra.Command {
	x := &xattrRead{env: env, values: true}
	cmd := &cobra.Command{
		Use:   "get NAME FILE...",
		Short: "Print the value of an attribute",
		Long: `Prints the value of an attribute, as it is and a new line behind it. Of several
files, the file's name and a colon stand before it.

The name may also be given as getfattr(1) takes it, with -n, and -d prints all
attributes, hidden ones too.`,
		Example: `  scoutfs xattr get user.comment --meta-device /dev/meta /file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if x.dump && x.name != "" {
				return cli.Usagef("--dump and --name exclude each other")
			}
			name, files := x.name, operands
			if name == "" && !x.dump {
				if len(operands) == 0 {
					return cli.Usagef("no attribute given")
				}
				name, files = operands[0], operands[1:]
			}
			if len(files) == 0 {
				return cli.Usagef("no file given")
			}
			return x.each(cmd, files, name)
		},
	}
	cmd.Flags().StringVarP(&x.name, "name", "n", "", "the attribute's `NAME`, in place of the operand")
	cmd.Flags().BoolVarP(&x.dump, "dump", "d", false, "print all attributes and their values")
	x.define(cmd)
	return cmd
}

func newXattrLs(env *cli.Env) *cobra.Command {
	x := &xattrRead{env: env}
	cmd := &cobra.Command{
		Use:   "ls FILE...",
		Short: "List attributes, hidden ones too",
		Long: `Lists the names of attributes, hidden ones too, and with -l their values: those
that are no printable text in base64 behind 0s, as 'xattr set' takes them.`,
		Example: `  scoutfs xattr ls -l --meta-device /dev/meta /file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) == 0 {
				return cli.Usagef("no file given")
			}
			return x.each(cmd, operands, "")
		},
	}
	cmd.Flags().BoolVarP(&x.values, "values", "l", false, "list values too")
	x.define(cmd)
	return cmd
}

// each writes the attributes of files: one, or all if name is empty.
func (x *xattrRead) each(cmd *cobra.Command, paths []string, name string) error {
	ctx := cmd.Context()
	problems := newProblems(ctx, x.env)
	return x.where.browse(ctx, func(t tree.Tree) error {
		out := x.env.Output()
		var list *output.List
		if out.Form().Machine() {
			list = out.List()
		}
		for _, path := range paths {
			err := x.file(cmd, t, path, name, func(a tree.Xattr) error {
				return x.write(out, list, path, a, name != "", len(paths) > 1)
			})
			if err != nil {
				if err := problems.note(cannot("read attributes of", path, err)); err != nil {
					return err
				}
			}
		}
		if list != nil {
			if err := list.Close(); err != nil {
				return err
			}
		}
		return problems.failure()
	})
}

func (x *xattrRead) file(cmd *cobra.Command, t tree.Tree, path, name string, yield func(tree.Xattr) error) error {
	n, err := t.Resolve(cmd.Context(), path, !x.noDereference)
	if err != nil {
		return err
	}
	found := false
	for a, err := range t.Xattrs(cmd.Context(), n, x.values) {
		if err != nil {
			return err
		}
		if name != "" && a.Name != name {
			continue
		}
		found = true
		if err := yield(a); err != nil {
			return err
		}
	}
	if name != "" && !found {
		return fmt.Errorf("%s: %w", name, syscall.ENODATA)
	}
	return nil
}

func (x *xattrRead) write(out *output.Writer, list *output.List, path string, a tree.Xattr, one, several bool) error {
	if list != nil {
		j := xattrJSON{Path: output.Name(path), Name: output.Name(a.Name)}
		if x.values {
			value := output.Name(a.Value)
			j.Value = &value
		}
		return list.Add(j)
	}
	if several {
		out.Printf("%s: ", nameFor(x.env, path))
	}
	switch {
	case one:
		out.Printf("%s\n", x.encode(a.Value))
	case x.values:
		out.Printf("%s=%s\n", nameFor(x.env, a.Name), x.quoted(a.Value))
	default:
		out.Printf("%s\n", nameFor(x.env, a.Name))
	}
	return out.Err()
}
