"""Prints a PDF of one page with the text of the argument, which has no parentheses."""

import sys

content = f"BT /F 12 Tf 72 700 Td ({sys.argv[1]}) Tj ET"
objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
    f"<< /Length {len(content)} >> stream\n{content}\nendstream",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
]
pdf, places = "%PDF-1.4\n", []
for number, body in enumerate(objects, start=1):
    places.append(len(pdf))
    pdf += f"{number} 0 obj\n{body}\nendobj\n"
table = "".join(f"{place:010} 00000 n \n" for place in places)
pdf += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
pdf += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{pdf.index('xref')}\n%%EOF\n"
sys.stdout.write(pdf)
