"""What students hand in, taken in safely: read, told whose it is, kept for ever.

In the order in which a submission meets them:

    paths.py      a name somebody else chose → a harmless relative path, or why not
    entries.py    what is offered: files of such names, and how to read each, whatever it claims
    folder.py     a folder → entries; never through a link
    archive.py    a zip → entries; nothing its headers claim is believed
    people.py     what somebody is called → the student
    senders.py    names that Canvas, Moodle, nbgrader or people give → who sent which files
    arrivals.py   when it was handed in
    unpacking.py  zips and folders around the files → the files alone
    taking.py     the files of one student → a folder of ours, within the caps
    notebooks.py  the notebooks that were worked in, under the names that the assignment gave them
    shelf.py      every submission ever made, and the one that counts in `submitted/`
    deciding.py   whether it is another submission or one that is known
    report.py     what a collection did
"""
