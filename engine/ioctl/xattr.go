// SPDX-License-Identifier: GPL-2.0-or-later

package ioctl

import (
	"math"
	"strings"
	"syscall"

	"scoutfs/engine/format"
)

// XattrPosition is the place of an extended attribute on its inode, ordered by
// Hash, then ID. The zero value is before all of them.
type XattrPosition struct {
	Hash uint32 // of the name
	ID   uint64
}

// ListxattrHidden asks for names of a file's hidden attributes, at From and
// after.
type ListxattrHidden struct {
	From  XattrPosition
	Bytes int // room for names and a NUL after each; 256 hold any one name
}

// ListxattrHiddenResult holds some names of hidden attributes.
type ListxattrHiddenResult struct {
	Names []string // none if there are no more, or the next does not fit
	Next  XattrPosition
}

// Encode returns the call for q.
func (q ListxattrHidden) Encode() Call {
	return Call{Number: NumberListxattrHidden, Arg: pack(listxattrHiddenArg{
		IDPos:    u64(q.From.ID),
		BufBytes: u32(uint32(bounded(q.Bytes, MaxBytes))),
		HashPos:  u32(q.From.Hash),
	})}
}

// Decode sets q to what the call asks.
func (q *ListxattrHidden) Decode(c Call) error {
	arg, err := argument[listxattrHiddenArg](c, NumberListxattrHidden)
	if err != nil {
		return err
	}
	*q = ListxattrHidden{
		From:  XattrPosition{Hash: arg.HashPos.Get(), ID: arg.IDPos.Get()},
		Bytes: bounded(arg.BufBytes.Get(), MaxBytes),
	}
	return nil
}

// EncodeReply returns the reply with r. It fails with EIO if the names do
// not fit in q.Bytes, for Next is then wrong as well.
func (q ListxattrHidden) EncodeReply(c Call, r ListxattrHiddenResult) (Reply, error) {
	arg, err := argument[listxattrHiddenArg](c, NumberListxattrHidden)
	if err != nil {
		return Reply{}, err
	}
	out := *arg
	out.HashPos.Set(r.Next.Hash)
	out.IDPos.Set(r.Next.ID)
	var names []byte
	for _, name := range r.Names {
		names = append(append(names, name...), 0)
	}
	if len(names) > q.Bytes {
		return Reply{}, &Error{Request: NumberListxattrHidden, Errno: syscall.EIO, Detail: "more names than fit"}
	}
	return Reply{Return: len(names), Arg: pack(out), Out: names}, nil
}

// DecodeReply returns the names of a reply to q.
func (q ListxattrHidden) DecodeReply(r Reply) (ListxattrHiddenResult, error) {
	arg, err := written[listxattrHiddenArg](r, NumberListxattrHidden)
	if err != nil {
		return ListxattrHiddenResult{}, err
	}
	if r.Return < 0 || r.Return > min(len(r.Out), q.Bytes) {
		return ListxattrHiddenResult{}, garbled(NumberListxattrHidden, "names of %d bytes in %d", r.Return, len(r.Out))
	}
	result := ListxattrHiddenResult{Next: XattrPosition{Hash: arg.HashPos.Get(), ID: arg.IDPos.Get()}}
	if r.Return == 0 {
		return result, nil
	}
	names, whole := strings.CutSuffix(string(r.Out[:r.Return]), "\x00")
	if !whole {
		return ListxattrHiddenResult{}, garbled(NumberListxattrHidden, "a name without its end")
	}
	for name := range strings.SplitSeq(names, "\x00") {
		if name == "" {
			return ListxattrHiddenResult{}, garbled(NumberListxattrHidden, "an empty name")
		}
		result.Names = append(result.Names, name)
	}
	return result, nil
}

// SearchXattrs asks for inodes that may have an attribute, from NextIno to
// LastIno, both included.
type SearchXattrs struct {
	Name             string // full name; it must have the srch tag
	NextIno, LastIno uint64
	Count            int // at most this many; a pass costs the same for many as for few
}

// SearchXattrsResult holds inodes that may have the attribute.
type SearchXattrsResult struct {
	Inos []uint64 // ascending
	End  bool     // no others up to LastIno
}

// searchEnd is the output flag for the end of a search.
const searchEnd = 1 << 0

// Encode returns the call for q.
func (q SearchXattrs) Encode() Call {
	// A name cut at 65535 is as invalid as it was.
	name := q.Name[:min(len(q.Name), math.MaxUint16)]
	return Call{
		Number: NumberSearchXattrs,
		Arg: pack(searchXattrsArg{
			NextIno:   u64(q.NextIno),
			LastIno:   u64(q.LastIno),
			NrInodes:  u64(uint64(bounded(q.Count, MaxBatch))),
			NameBytes: u16(uint16(len(name))),
		}),
		In: []byte(name),
	}
}

// Decode sets q to what the call asks. It fails with EINVAL if the name is
// longer than 255 bytes, or not all there.
func (q *SearchXattrs) Decode(c Call) error {
	arg, err := argument[searchXattrsArg](c, NumberSearchXattrs)
	if err != nil {
		return err
	}
	n := int(arg.NameBytes.Get())
	if n > format.MaxNameLen || n > len(c.In) {
		return invalid(NumberSearchXattrs, "name of %d bytes in %d", n, len(c.In))
	}
	*q = SearchXattrs{
		Name:    string(c.In[:n]),
		NextIno: arg.NextIno.Get(),
		LastIno: arg.LastIno.Get(),
		Count:   bounded(arg.NrInodes.Get(), MaxBatch),
	}
	return nil
}

// empty reports whether there is nothing to search. The request then leaves
// its output flags alone.
func (q SearchXattrs) empty() bool { return q.Count <= 0 || q.LastIno < q.NextIno }

// EncodeReply returns the reply with r.
func (q SearchXattrs) EncodeReply(c Call, r SearchXattrsResult) (Reply, error) {
	arg, err := argument[searchXattrsArg](c, NumberSearchXattrs)
	if err != nil || q.empty() {
		return Reply{}, err
	}
	out := *arg
	out.OutputFlags.Set(0)
	if r.End && len(r.Inos) <= q.Count {
		out.OutputFlags.Set(searchEnd)
	}
	reply := replyEach(r.Inos, q.Count, setIno)
	reply.Arg = pack(out)
	return reply, nil
}

// DecodeReply returns the inodes of a reply to q.
func (q SearchXattrs) DecodeReply(r Reply) (SearchXattrsResult, error) {
	if q.empty() {
		return SearchXattrsResult{}, nil
	}
	arg, err := written[searchXattrsArg](r, NumberSearchXattrs)
	if err != nil {
		return SearchXattrsResult{}, err
	}
	inos, err := decodeEach(r, NumberSearchXattrs, q.Count, ino)
	return SearchXattrsResult{Inos: inos, End: arg.OutputFlags.Get()&searchEnd != 0}, err
}
