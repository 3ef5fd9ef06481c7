// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

// xattrChange is one run of a command that changes attributes.
type xattrChange struct {
	fileChange
	noDereference, create, replace bool
	name                           string
}

// operandsFor returns the attribute and the files of a command line, whether or
// not the attribute is an operand.
func (x *xattrChange) operandsFor(operands []string) (name string, files []string, err error) {
	name, files = x.name, operands
	if name == "" {
		if len(operands) == 0 {
			return "", nil, cli.Usagef("no attribute given")
		}
		name, files = operands[0], operands[1:]
	}
	if len(files) == 0 {
		return "", nil, cli.Usagef("no file given")
	}
	return name, files, nil
}

func (x *xattrChange) define(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&x.noDereference, "no-dereference", "h", false, "of symbolic links themselves")
	x.fileChange.define(cmd)
	cmd.GroupID = ""
}

func (x *xattrChange) change(cmd *cobra.Command, paths []string, verb, name string, do func(tree.Node) error) error {
	past := map[string]string{"set": "set", "remove": "removed"}[verb]
	return x.run(cmd.Context(), func() error {
		return x.each(paths, verb+" "+name+" of", func(path string) error {
			n, err := x.files.Resolve(x.ctx, path, !x.noDereference)
			if err == nil {
				err = do(n)
			}
			if errors.Is(err, syscall.ENODATA) {
				return &toldError{"it has no such attribute", err}
			}
			if err != nil {
				return err
			}
			return x.did(done{kind: past, text: past + " " + name + " of", path: path, detail: name})
		})
	})
}

func newXattrSet(env *cli.Env) *cobra.Command {
	x := &xattrChange{fileChange: fileChange{env: env}}
	var text string
	cmd := &cobra.Command{
		Use:   "set NAME VALUE FILE...",
		Short: "Set an attribute",
		Long: `Sets an attribute. A VALUE that begins with 0x is hexadecimal, one with 0s is
base64, and one in double quotes is what is between them, as for setfattr(1).
Attributes with the tags of scoutfs (hide, srch, totl, indx) have rules for
names and values, see scoutfs(5).

Name and value may also be given as setfattr(1) takes them: with -n NAME all
operands are files, and the value is that of -v, or empty.`,
		Example: `  scoutfs xattr set user.comment 'as delivered' --meta-device /dev/meta --data-device /dev/data /file
  scoutfs xattr set scoutfs.totl.1.2.3 1000 /mnt/archive/file
  scoutfs xattr set -n user.comment -v 'as delivered' /mnt/archive/file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if x.create && x.replace {
				return cli.Usagef("--create and --replace exclude each other")
			}
			if x.name == "" {
				if cmd.Flags().Changed("value") {
					return cli.Usagef("--value needs --name")
				}
				if len(operands) == 1 {
					return cli.Usagef("no value given")
				}
				if len(operands) > 1 {
					x.name, text, operands = operands[0], operands[1], operands[2:]
				}
			}
			name, files, err := x.operandsFor(operands)
			if err != nil {
				return err
			}
			value, err := parseXattrValue(text)
			if err != nil {
				return cli.Usagef("%s", err)
			}
			return x.change(cmd, files, "set", name, func(n tree.Node) error {
				return x.files.SetXattr(x.ctx, n, name, value, x.flags())
			})
		},
	}
	cmd.Flags().BoolVar(&x.create, "create", false, "fail if the attribute is there")
	cmd.Flags().BoolVar(&x.replace, "replace", false, "fail if the attribute is not there")
	cmd.Flags().StringVarP(&x.name, "name", "n", "", "the attribute's `NAME`, in place of the operand")
	cmd.Flags().StringVarP(&text, "value", "v", "", "with --name: the attribute's `VALUE`")
	x.define(cmd)
	return cmd
}

func (x *xattrChange) flags() edit.XattrFlags {
	switch {
	case x.create:
		return unix.XATTR_CREATE
	case x.replace:
		return unix.XATTR_REPLACE
	}
	return 0
}

func newXattrRm(env *cli.Env) *cobra.Command {
	x := &xattrChange{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "rm NAME FILE...",
		Short: "Remove an attribute",
		Long: `Removes an attribute. It is an error if the file does not have it. The name may
also be given with -x, as setfattr(1) takes it.`,
		Example: `  scoutfs xattr rm user.comment --meta-device /dev/meta --data-device /dev/data /file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			name, files, err := x.operandsFor(operands)
			if err != nil {
				return err
			}
			return x.change(cmd, files, "remove", name, func(n tree.Node) error {
				return x.files.RemoveXattr(x.ctx, n, name)
			})
		},
	}
	cmd.Flags().StringVarP(&x.name, "name", "x", "", "the attribute's `NAME`, in place of the operand")
	x.define(cmd)
	return cmd
}

// parseXattrValue reads a value as setfattr(1) does.
func parseXattrValue(text string) ([]byte, error) {
	switch {
	case strings.HasPrefix(text, "0x"), strings.HasPrefix(text, "0X"):
		value, err := hex.DecodeString(text[2:])
		if err != nil {
			return nil, fmt.Errorf("invalid hexadecimal value: '%s'", text)
		}
		return value, nil
	case strings.HasPrefix(text, "0s"), strings.HasPrefix(text, "0S"):
		value, err := base64.StdEncoding.DecodeString(text[2:])
		if err != nil {
			return nil, fmt.Errorf("invalid base64 value: '%s'", text)
		}
		return value, nil
	case len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"':
		return []byte(strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(text[1 : len(text)-1])), nil
	}
	return []byte(text), nil
}
